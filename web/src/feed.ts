/** Keeps the charts on the page filled: whole ranges at first, then only the tails that changed, all in few requests. */
import { ApiError, type Query, type QueryBody, type Result } from "./api";
import { queriesOf, type Chart } from "./chart";
import { dropBefore, mergeTail, toColumns, type Columns } from "./data";
import { intervalFor, windowOf, type Range } from "./range";

/** A chart on the page, as the feed sees it. */
export interface Panel {
  readonly chart: Chart;
  readonly widthPx: () => number;
  /** How long its tail may wait at least since the last one: small lines need no haste. */
  readonly tailEveryMs: number;
  tailedAtMs: number;
  visible: boolean;
  /** Everything from here on must be asked for again; null when nothing changed, minus infinity for all. */
  dirtyFromMs: number | null;
  columns: Columns | null;
  intervalMs: number;
  readonly show: (columns: Columns, intervalMs: number) => void;
  readonly fail: (message: string) => void;
}

/** Where points became visible: by measurement, the hull of their times and the hosts. */
export type Touched = Readonly<Record<string, { from_ms: number; to_ms: number; hosts: readonly string[] }>>;

export interface FeedNeeds {
  readonly query: (body: QueryBody, abort: AbortSignal) => Promise<Result[]>;
  readonly nowMs: () => number;
  readonly range: () => Range;
  readonly hidden: () => boolean;
  readonly busy: (busy: boolean) => void;
  /** Points are here and about to be drawn: time to move the page's clock on. */
  readonly arrived: () => void;
  readonly lost: (error: ApiError) => void;
}

const MOST_QUERIES = 64;
// A new point is on the charts within half a second while the hub answers quickly;
// a busy hub is asked for at most a fifth of its time, and never oftener than these allow.
const TAIL_SOONEST_MS = 200;
const TAIL_LATEST_MS = 1000;
const TAIL_SHARE = 5;
const RETRY_MS = 3000;
// Rates need the point before the first bucket; agents report at least once a minute.
const LOOKBACK_MS = 60_000;

interface Job {
  readonly panels: Panel[];
  readonly intervalMs: number;
  /** Minus infinity for the whole range. */
  readonly fromMs: number;
}

export class Feed {
  private readonly panels = new Set<Panel>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private timerAtMs = Infinity;
  private running = false;
  private nextTailMs = -Infinity;
  private abort = new AbortController();

  constructor(private readonly needs: FeedNeeds) {}

  add(panel: Panel): void {
    this.panels.add(panel);
    this.wake(0);
  }

  remove(panel: Panel): void {
    this.panels.delete(panel);
  }

  setVisible(panel: Panel, visible: boolean): void {
    panel.visible = visible;
    if (visible && panel.dirtyFromMs !== null) this.wake(0);
  }

  /** Asks for everything again: another range, another width, or the hub is back. */
  reload(): void {
    this.abort.abort();
    this.abort = new AbortController();
    for (const panel of this.panels) panel.dirtyFromMs = -Infinity;
    this.wake(0);
  }

  /** Marks what new points changed; one request for all charts follows soon. */
  touch(touched: Touched): void {
    if (this.needs.range().kind === "fixed" && !this.touchesWindow(touched)) return;
    let any = false;
    for (const panel of this.panels) {
      const fromMs = earliestFor(panel, touched);
      if (fromMs === Infinity) continue;
      panel.dirtyFromMs = Math.min(panel.dirtyFromMs ?? Infinity, fromMs);
      any = any || panel.visible;
    }
    if (any) this.wake(this.tailDelay());
  }

  /** Goes on with what was left while the page was hidden or the hub away. */
  resume(): void {
    this.wake(0);
  }

  private tailDelay(): number {
    // Waiting is measured by the clock that is never set: the hub's may jump.
    return Math.max(0, this.nextTailMs - performance.now());
  }

  private touchesWindow(touched: Touched): boolean {
    const window = windowOf(this.needs.range(), this.needs.nowMs());
    return Object.values(touched).some((one) => one.from_ms < window.toMs && one.to_ms >= window.fromMs);
  }

  private wake(delayMs: number): void {
    const atMs = performance.now() + delayMs;
    if (this.running || atMs >= this.timerAtMs) return;
    clearTimeout(this.timer);
    this.timerAtMs = atMs;
    // Charts mount one after the other: a moment's wait lets them share a request.
    this.timer = setTimeout(() => void this.run(), Math.max(20, delayMs));
  }

  private async run(): Promise<void> {
    this.timerAtMs = Infinity;
    if (this.running || this.needs.hidden()) return;
    this.running = true;
    let failed = false;
    try {
      for (const job of this.jobs()) failed = !(await this.work(job)) || failed;
    } finally {
      this.running = false;
      this.needs.busy(false);
    }
    const delays = [...this.panels].flatMap((panel) => this.delayOf(panel));
    if (delays.length > 0) this.wake(failed ? RETRY_MS : Math.min(...delays));
  }

  /** How long a visible changed panel still has to wait; nothing for the others. */
  private delayOf(panel: Panel): number[] {
    if (!panel.visible || panel.dirtyFromMs === null) return [];
    if (panel.dirtyFromMs === -Infinity) return [0];
    return [Math.max(this.tailDelay(), panel.tailedAtMs + panel.tailEveryMs - performance.now())];
  }

  /** Groups the visible dirty panels: whole ranges and tails apart, one interval each, at most 64 queries. */
  private jobs(): Job[] {
    const range = this.needs.range();
    const window = windowOf(range, this.needs.nowMs());
    const groups = new Map<string, Panel[]>();
    for (const panel of this.panels) {
      if (!panel.visible || panel.dirtyFromMs === null) continue;
      const intervalMs = intervalFor(window.toMs - window.fromMs, panel.widthPx());
      const whole =
        panel.columns === null || panel.dirtyFromMs === -Infinity || panel.intervalMs !== intervalMs;
      if (!whole && performance.now() < panel.tailedAtMs + panel.tailEveryMs) continue;
      const key = `${intervalMs} ${whole ? "whole" : "tail"}`;
      groups.set(key, [...(groups.get(key) ?? []), panel]);
    }
    return [...groups].flatMap(([key, panels]) => {
      const [interval, kind] = key.split(" ");
      const fromMs =
        kind === "whole" ? -Infinity : Math.min(...panels.map((panel) => panel.dirtyFromMs ?? Infinity));
      return split(panels).map((some) => ({ panels: some, intervalMs: Number(interval), fromMs }));
    });
  }

  private async work(job: Job): Promise<boolean> {
    const { panels, intervalMs } = job;
    const window = windowOf(this.needs.range(), this.needs.nowMs());
    const whole = job.fromMs === -Infinity;
    const alignedMs = Math.floor(Math.max(window.fromMs, job.fromMs) / intervalMs) * intervalMs;
    const startMs = Math.floor((alignedMs - Math.max(2 * intervalMs, LOOKBACK_MS)) / intervalMs) * intervalMs;
    const body = {
      bucket: "telegraf",
      start_ms: startMs,
      // A little more than is shown: lines leave the window at its end as they enter it.
      end_ms: Math.ceil(window.toMs) + Math.max(2 * intervalMs, LOOKBACK_MS),
      interval_ms: intervalMs,
      queries: panels.flatMap((panel, place) => queriesOf(panel.chart, place)),
    };
    const askedMs = performance.now();
    for (const panel of panels) {
      panel.dirtyFromMs = null;
      panel.tailedAtMs = askedMs;
    }
    const { abort } = this;
    if (whole) this.needs.busy(true);
    try {
      const results = new Map(
        (await this.needs.query(body, abort.signal)).map((result) => [result.id, result]),
      );
      if (abort.signal.aborted) return true;
      const tookMs = performance.now() - askedMs;
      this.nextTailMs = askedMs + Math.min(TAIL_LATEST_MS, Math.max(TAIL_SOONEST_MS, TAIL_SHARE * tookMs));
      this.needs.arrived();
      panels.forEach((panel, place) => {
        const answers = panel.chart.parts.map((_, index) => results.get(`${place}.${index}`));
        this.apply(panel, answers, job, whole ? -Infinity : alignedMs, window.fromMs);
      });
      return true;
    } catch (cause) {
      if (abort.signal.aborted) return true;
      return this.failed(panels, job, cause);
    }
  }

  private apply(
    panel: Panel,
    answers: readonly (Result | undefined)[],
    job: Job,
    fromMs: number,
    cutMs: number,
  ): void {
    if (!this.panels.has(panel)) return;
    let fresh: Columns;
    try {
      fresh = toColumns(panel.chart, answers);
    } catch (cause) {
      panel.fail(cause instanceof Error ? cause.message : String(cause));
      panel.columns = null;
      return;
    }
    const merged =
      panel.columns === null || fromMs === -Infinity ? fresh : mergeTail(panel.columns, fresh, fromMs);
    panel.columns = dropBefore(merged, cutMs - LOOKBACK_MS);
    panel.intervalMs = job.intervalMs;
    panel.show(panel.columns, job.intervalMs);
  }

  private failed(panels: readonly Panel[], job: Job, cause: unknown): boolean {
    for (const panel of panels) panel.dirtyFromMs = Math.min(panel.dirtyFromMs ?? Infinity, job.fromMs);
    if (cause instanceof ApiError) {
      this.needs.lost(cause);
      // The band says that the hub is away; what is drawn stays.
      if (!cause.unreachable && cause.status !== 401) for (const panel of panels) panel.fail(cause.message);
    } else {
      for (const panel of panels) panel.fail(cause instanceof Error ? cause.message : String(cause));
    }
    return false;
  }
}

function earliestFor(panel: Panel, touched: Touched): number {
  let fromMs = Infinity;
  for (const part of panel.chart.parts) {
    const one = touched[part.measurement];
    const host = part.where["host"]?.[0];
    if (one !== undefined && (host === undefined || one.hosts.includes(host)))
      fromMs = Math.min(fromMs, one.from_ms);
  }
  return fromMs;
}

function split(panels: readonly Panel[]): Panel[][] {
  const chunks: Panel[][] = [];
  let room = 0;
  for (const panel of panels) {
    const needed: number = panel.chart.parts.length satisfies Query[]["length"];
    if (needed > room) {
      chunks.push([]);
      room = MOST_QUERIES;
    }
    chunks.at(-1)?.push(panel);
    room -= needed;
  }
  return chunks;
}
