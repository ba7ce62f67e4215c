/** The queries of panels: filled in, sent together, and their answers made into frames. */
import { type BoardSource, type PanelAnswer, type PanelQuery, type Problem } from "./client";
import { expressionFrames, isExpression, neededTargets } from "./expression/expressions";
import { framesOf } from "./frames";
import {
  fillFlux,
  interpolate,
  withInterval,
  type Language,
  type QueryTimes,
  type Scope,
} from "./interpolate";
import type { Placed } from "./layout";
import { fillSql } from "./sqlMacros";
import type { PanelModel, Target, VariableModel } from "./model";
import type { Frame } from "./panel";
import type { PanelData } from "./session";
import type { Tails } from "./tails";
import {
  formatInterval,
  intervalFor,
  panelWindow,
  parseInterval,
  windowFor,
  type TimeRange,
  type TimeWindow,
} from "./time";
import { withFilters } from "./variables";

export interface Wanted {
  readonly placed: Placed;
  readonly widthPx: number;
}

export interface Round {
  readonly range: TimeRange;
  readonly nowMs: number;
  readonly utc: boolean;
  readonly scope: Scope;
  readonly models: readonly VariableModel[];
  readonly abort: AbortSignal;
  readonly query: BoardSource["query"];
  /** What panels hold of the answers before, where their range ends now. */
  readonly tails: Tails | null;
}

interface Prepared {
  readonly wanted: Wanted;
  readonly window: TimeWindow;
  readonly queries: readonly PanelQuery[];
  /** By the query's id the text that asks for all of its range. */
  readonly texts: ReadonlyMap<string, string>;
  readonly scope: Scope;
}

const FORMATS: ReadonlySet<string> = new Set(["table", "logs"]);
const LEAST_POINTS = 50;
const QUERIES_MOST = 400;
const CACHED_MS = 60_000;

/**
 * A range that moves with the clock, in steps of its interval (a minute at most): within a step everybody asks
 * the same, which the hub answers from its memory.
 */
export function stepped(window: TimeWindow, range: TimeRange, intervalMs: number): TimeWindow {
  const stepMs = Math.min(intervalMs, CACHED_MS);
  const moves = (text: string): boolean => text.startsWith("now") && !text.includes("/");
  return {
    fromMs: moves(range.from) ? Math.floor(window.fromMs / stepMs) * stepMs : window.fromMs,
    toMs: moves(range.to) ? Math.ceil(window.toMs / stepMs) * stepMs : window.toMs,
  };
}

export function timesFor(panel: PanelModel, window: TimeWindow, widthPx: number, scope: Scope): QueryTimes {
  const points = panel.maxDataPoints ?? Math.max(LEAST_POINTS, Math.round(widthPx));
  const leastMs = parseInterval(interpolate(panel.interval ?? "", scope)) ?? 1000;
  const intervalMs = intervalFor(window, points, leastMs);
  return { ...window, intervalMs, interval: formatInterval(intervalMs) };
}

/** The text of a target with everything filled in. */
export function filledText(
  target: Target,
  times: QueryTimes,
  scope: Scope,
  models: readonly VariableModel[],
): string {
  const how = target["x-helio"];
  const language = (how?.language ?? "influxql") as Language;
  const text = language === "sql" ? fillSql(target.query ?? "", times) : (target.query ?? "");
  const filled = interpolate(text, withInterval(scope, times), language);
  if (language === "flux") return fillFlux(filled, times, how?.bucket ?? "telegraf");
  return language === "influxql" ? withFilters(filled, models) : filled;
}

function prepare(wanted: Wanted, round: Round): Prepared {
  const { panel, key } = wanted.placed;
  const scope = new Map([...round.scope, ...wanted.placed.scope]);
  const filledPanel = {
    timeFrom: panel.timeFrom == null ? null : interpolate(panel.timeFrom, scope),
    timeShift: panel.timeShift == null ? null : interpolate(panel.timeShift, scope),
  };
  const window = panelWindow(filledPanel, round.range, round.nowMs, round.utc);
  const exact = timesFor(panel, window, wanted.widthPx, scope);
  const whole = filledPanel.timeFrom?.includes("/") === true;
  const times = whole ? exact : { ...exact, ...stepped(window, round.range, exact.intervalMs) };
  const targets = neededTargets(panel.targets ?? []).filter(
    (target) => target["x-helio"]?.language != null && (target.query ?? "") !== "",
  );
  const idOf = (target: Target): string => `${key}/${target.refId}`;
  const queries = targets.map((target) => ({
    id: idOf(target),
    language: target["x-helio"]?.language ?? "influxql",
    bucket: target["x-helio"]?.bucket ?? "telegraf",
    text: tailText(idOf(target), target, times, scope, round),
    interval_ms: times.intervalMs,
    max_points: panel.maxDataPoints ?? Math.max(LEAST_POINTS, Math.round(wanted.widthPx)),
    format: FORMATS.has(target.resultFormat ?? "") ? (target.resultFormat ?? "") : "time_series",
  }));
  const texts = new Map(
    targets.map((target) => [idOf(target), filledText(target, times, scope, round.models)]),
  );
  return { wanted, window, queries, texts, scope };
}

/** The text of a target for what is not held yet of its answer. */
function tailText(id: string, target: Target, times: QueryTimes, scope: Scope, round: Round): string {
  const fill = (at: QueryTimes): string => filledText(target, at, scope, round.models);
  if (round.tails === null || (target["x-helio"]?.language ?? "influxql") !== "influxql") return fill(times);
  const shape = fill({ ...times, fromMs: 0, toMs: 0 });
  const { fromMs, toMs, intervalMs } = times;
  const bucket = target["x-helio"]?.bucket ?? "telegraf";
  const query = target.query ?? "";
  const from = round.tails.from({ id, query, shape, bucket, fromMs, toMs, intervalMs });
  return fill({ ...times, fromMs: from });
}

function dataOf(prepared: Prepared, answers: ReadonlyMap<string, PanelAnswer>): PanelData {
  const { wanted, window, scope } = prepared;
  const { panel, key } = wanted.placed;
  const expand = (text: string): string => interpolate(text, scope);
  const own = (panel.targets ?? []).flatMap((target) => {
    const answer = answers.get(`${key}/${target.refId}`);
    return answer === undefined ? [] : [{ target, answer }];
  });
  const all = own.flatMap(({ answer }) => answer.frames ?? []);
  const asked = own.flatMap(({ target, answer }) => framesOf(answer.frames ?? [], target, expand, all));
  const { frames, problem } = withExpressions(panel.targets ?? [], asked, window, expand);
  return {
    frames,
    problem: own.find(({ answer }) => answer.error !== undefined)?.answer.error ?? problem,
    window,
    asked: new Map(
      [...prepared.texts].map(([id, text]) => [
        id.slice(key.length + 1),
        { text, problem: answers.get(id)?.error ?? null },
      ]),
    ),
    truncated: own.some(({ answer }) => answer.truncated === true),
  };
}

/** The frames that are shown, in the order of their targets; hidden ones were only asked for expressions. */
function withExpressions(
  targets: readonly Target[],
  asked: readonly Frame[],
  window: TimeWindow,
  expand: (text: string) => string,
): { frames: readonly Frame[]; problem: Problem | null } {
  const hidden = new Set(targets.filter((target) => target.hide === true).map((target) => target.refId));
  const shown = asked.filter((frame) => !hidden.has(frame.refId));
  if (!targets.some(isExpression)) return { frames: shown, problem: null };
  try {
    const all = [...shown, ...expressionFrames(targets, asked, window, expand)];
    const place = new Map(targets.map((target, i) => [target.refId, i]));
    const order = (frame: Frame): number => place.get(frame.refId) ?? 0;
    return { frames: all.sort((a, b) => order(a) - order(b)), problem: null };
  } catch (cause) {
    return { frames: shown, problem: { message: cause instanceof Error ? cause.message : String(cause) } };
  }
}

/** Asks for panels in one request: texts carry their own times. A very large dashboard needs several. */
export async function ask(panels: readonly Wanted[], round: Round): Promise<Map<string, PanelData>> {
  round.tails?.begin(round.nowMs);
  const prepared = panels.map((wanted) => prepare(wanted, round));
  const { fromMs, toMs } = windowFor(round.range, round.nowMs, round.utc);
  const queries = prepared.flatMap((one) => one.queries);
  const parts = Array.from({ length: Math.ceil(queries.length / QUERIES_MOST) }, (_, i) =>
    queries.slice(i * QUERIES_MOST, (i + 1) * QUERIES_MOST),
  );
  const lists = await Promise.all(parts.map((part) => round.query(fromMs, toMs, part, round.abort)));
  const whole = round.tails?.end(lists.flat()) ?? lists.flat();
  const answers = new Map(whole.map((answer) => [answer.id, answer]));
  return new Map(prepared.map((one) => [one.wanted.placed.key, dataOf(one, answers)]));
}
