/** The dashboard that is open: its view, variables, times, and the data of the panels that are on the screen. */
import { batch, computed, effect, signal } from "@preact/signals";
import { ApiError } from "../api";
import { go } from "../navigate";
import { address, busy, hubNowMs, session, utc } from "../state";
import { withChosenFilters } from "./adhoc";
import { dashboards, sharedBoard, type BoardSource, type Opened, type Problem } from "./client";
import { deliver } from "./delivery";
import { one, type Scope } from "./interpolate";
import { layOut, type Placed } from "./layout";
import type { PanelModel, VariableModel } from "./model";
import { panelKind, type Frame } from "./panel";
import { ask, type Wanted } from "./queries";
import { windowFor, type TimeRange, type TimeWindow } from "./time";
import { tails } from "./toldTails";
import { ALL, loadVariables, scopeOf, type Variable } from "./variables";

/** A query as it was sent, and what was wrong with it. */
export interface Asked {
  readonly text: string;
  readonly problem: Problem | null;
}

export interface PanelData {
  readonly frames: readonly Frame[];
  readonly problem: Problem | null;
  readonly window: TimeWindow;
  readonly truncated: boolean;
  /** By refId. */
  readonly asked?: ReadonlyMap<string, Asked>;
}

export const opened = signal<Opened | null>(null);
export const openProblem = signal<string | null>(null);
export const variables = signal<readonly Variable[] | null>(null);
export const data = signal<ReadonlyMap<string, PanelData>>(new Map());
export const paused = signal(false);
/** Rows that were opened or closed by hand, by their section's key. */
export const folded = signal<ReadonlyMap<string, boolean>>(new Map());

const board = computed(() => {
  const { place } = address.value;
  return place.name === "dashboard" || place.name === "shared" ? place : null;
});
/** The link by which the dashboard is shown without a login, null for who is logged in. */
export const sharedLink = computed(() => (board.value?.name === "shared" ? board.value.link : null));
const uid = computed(() => (board.value?.name === "dashboard" ? board.value.uid : sharedLink.value));
const queryText = computed(() => board.value?.query ?? "");
const query = computed(() => new URLSearchParams(queryText.value));

export const timeRange = computed<TimeRange>(() => ({
  from: query.value.get("from") ?? opened.value?.view.time?.from ?? "now-6h",
  to: query.value.get("to") ?? opened.value?.view.time?.to ?? "now",
}));
/** Some dashboards end a few seconds ago, where devices are late. */
export const live = computed(() => /^now(-\d{1,2}s)?$/.test(timeRange.value.to));
export const refresh = computed(() => {
  const own = opened.value?.view.refresh;
  return query.value.get("refresh") ?? (typeof own === "string" ? own : "");
});
export const models = computed<readonly VariableModel[]>(() => opened.value?.view.templating?.list ?? []);
export const zoneUtc = computed(() => utc.value || opened.value?.view.timezone === "utc");
/** The window of the last refresh, which charts and variables share. */
export const shownWindow = signal<TimeWindow>({ fromMs: 0, toMs: 1 });

const constants = computed<Scope>(() => {
  const view = opened.value?.view;
  return new Map([
    ["__dashboard", one(view?.title ?? "")],
    ["__org", one("1")],
    ["__user", one("viewer")],
  ]);
});
export const scope = computed<Scope>(
  () => new Map([...constants.value, ...scopeOf(variables.value ?? [], shownWindow.value)]),
);
export const sections = computed(() =>
  variables.value === null ? [] : layOut(opened.value?.view.panels ?? [], scope.value),
);

/** Changes parts of the dashboard's address; null takes one away. */
export function change(changes: Readonly<Record<string, string | readonly string[] | null>>): void {
  const place = board.peek();
  if (place === null) return;
  const next = new URLSearchParams(place.query);
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    for (const each of value === null ? [] : typeof value === "string" ? [value] : value)
      next.append(name, each);
  }
  go({ place: { ...place, query: next.toString() } });
}

export function chooseValues(name: string, values: readonly string[]): void {
  change({ [`var-${name}`]: values.map((value) => (value === ALL ? "All" : value)) });
}

/** Shows what was dragged over; the browser's back button returns. */
export function zoomTo(fromMs: number, toMs: number): void {
  const spanMs = Math.max(1000, toMs - fromMs);
  const middle = (fromMs + toMs) / 2;
  change({ from: String(Math.round(middle - spanMs / 2)), to: String(Math.round(middle + spanMs / 2)) });
}

function wishes(): Map<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const [name, value] of query.peek()) {
    if (!name.startsWith("var-")) continue;
    const key = name.slice(4);
    found.set(key, [...(found.get(key) ?? []), value]);
  }
  return found;
}

/** The routes that answer here: the hub's own, or those of a link. */
export const source = (): BoardSource => {
  const link = sharedLink.peek();
  return link === null ? dashboards : sharedBoard(link);
};

let round = new AbortController();
const visible = new Map<string, { readonly placed: Placed; readonly widthPx: number }>();
const fresh = new Set<string>();
let asking: ReturnType<typeof setTimeout> | null = null;

/** A panel says that it can be seen, or not any more; seen panels are asked for together. */
export function seen(placed: Placed, widthPx: number | null): void {
  if (widthPx === null) visible.delete(placed.key);
  else visible.set(placed.key, { placed, widthPx });
  if (widthPx !== null && !fresh.has(placed.key)) askSoon();
}

function askSoon(): void {
  // What is drawn in one go, or comes into view in one frame, is asked for together.
  asking ??= setTimeout(() => {
    asking = null;
    void askVisible();
  }, 0);
}

function wanted(): Wanted[] {
  return [...visible.values()].filter(({ placed }) => !fresh.has(placed.key));
}

async function askVisible(): Promise<void> {
  const panels = wanted();
  if (panels.length === 0 || variables.peek() === null) return;
  const { signal: abort } = round;
  for (const { placed } of panels) fresh.add(placed.key);
  busy.value = true;
  try {
    const answers = await ask(panels, {
      range: timeRange.peek(),
      nowMs: hubNowMs(),
      utc: zoneUtc.peek(),
      scope: scope.peek(),
      models: withChosenFilters(models.peek(), query.peek()),
      abort,
      query: source().query,
      tails: live.peek() && sharedLink.peek() === null ? tails : null,
    });
    await deliver(data, answers, abort);
  } catch (cause) {
    if (!abort.aborted) failed(panels, cause);
  } finally {
    if (round.signal === abort) busy.value = false;
  }
}

function failed(panels: readonly Wanted[], cause: unknown): void {
  const message = messageOf(cause);
  const gone = cause instanceof ApiError && cause.unreachable;
  const next = new Map(data.peek());
  for (const { placed } of panels) {
    fresh.delete(placed.key);
    const old = next.get(placed.key);
    // While the hub is away, what is drawn stays; the band above says why it stands still.
    if (gone && old !== undefined) continue;
    next.set(placed.key, { frames: [], problem: { message }, window: shownWindow.peek(), truncated: false });
  }
  data.value = next;
}

/** Asks again for everything that can be seen; an earlier round that still runs is given up. */
export function reload(): void {
  round.abort();
  round = new AbortController();
  fresh.clear();
  shownWindow.value = windowFor(timeRange.peek(), hubNowMs(), zoneUtc.peek());
  askSoon();
}

let loading = new AbortController();

/** Loads the variables anew, and then all panels. */
export async function reloadVariables(): Promise<void> {
  loading.abort();
  loading = new AbortController();
  const { signal: abort } = loading;
  shownWindow.value = windowFor(timeRange.peek(), hubNowMs(), zoneUtc.peek());
  const loaded = await loadVariables(
    models.peek(),
    wishes(),
    shownWindow.peek(),
    constants.peek(),
    source().values,
  );
  if (abort.aborted) return;
  batch(() => {
    variables.value = loaded;
    reload();
  });
}

/** Fetches what draws the panels while their data are on the way. */
function preload(panels: readonly PanelModel[]): void {
  for (const type of new Set(panels.map((panel) => panel.type))) void panelKind(type)?.load();
}

/** The dashboard that was asked for before anybody was logged in, and is opened with the login. */
let awaitsLogin: string | null = null;

async function openNow(id: string, abort: AbortSignal): Promise<void> {
  const asked = session.peek();
  try {
    const answer = await source().open(id, abort);
    if (abort.aborted) return;
    [opened.value, openProblem.value] = [answer, null];
    preload(answer.view.panels ?? []);
    document.title = `${answer.view.title ?? id} · Heliograph`;
    await reloadVariables();
  } catch (cause) {
    if (abort.aborted) return;
    const early = wantsLogin(cause) && asked !== "in";
    if (early && session.peek() === "in") return openNow(id, abort);
    awaitsLogin = wantsLogin(cause) ? id : null;
    // A session that ended is told of, until the page knows it, too, and asks for a login.
    if (!early) openProblem.value = messageOf(cause);
  }
}

/** Whether the hub did not know us: the login was still on its way, is still to come, or has ended. */
const wantsLogin = (cause: unknown): boolean =>
  cause instanceof ApiError && cause.status === 401 && sharedLink.peek() === null;

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

function reset(): void {
  round.abort();
  loading.abort();
  visible.clear();
  fresh.clear();
  tails.clear();
  batch(() => {
    [opened.value, openProblem.value, variables.value] = [null, null, null];
    [data.value, folded.value] = [new Map(), new Map()];
    paused.value = false;
  });
  awaitsLogin = null;
}

let opening = new AbortController();

/** Opens the same dashboard anew, after it was changed. */
export function reopen(): void {
  opening.abort();
  opening = new AbortController();
  const id = uid.peek();
  if (id !== null) void openNow(id, opening.signal);
}

effect(() => {
  void uid.value;
  reset();
  reopen();
  return () => opening.abort();
});

let wasOut = false;
effect(() => {
  const now = session.value;
  if (now === "out") wasOut = true;
  if (now !== "in") return;
  const known = !wasOut;
  wasOut = false;
  if (awaitsLogin !== null && awaitsLogin === uid.peek()) {
    awaitsLogin = null;
    reopen();
  } else if (!known && opened.peek() !== null) void reloadVariables();
});

let lastQuery = "";
effect(() => {
  const now = queryText.value;
  const same = now === lastQuery;
  lastQuery = now;
  if (!same && opened.peek() !== null) void reloadVariables();
});
