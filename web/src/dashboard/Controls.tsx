/** What stands in the top bar above a dashboard: its name; its times, refresh and pause. */
import { formatDayClock, formatRange } from "../clock";
import { linkTo } from "../navigate";
import { Back, Pause, Play } from "../panels/icons";
import { hubNowMs, utc } from "../state";
import { BoardMenu } from "./BoardMenu";
import { EditButton } from "./edit/LazyEditor";
import { editKey } from "./edit/mode";
import {
  change,
  live,
  opened,
  openProblem,
  paused,
  refresh,
  reload,
  sharedLink,
  shownWindow,
  timeRange,
  zoneUtc,
} from "./session";
import { formatInterval, parseInterval, parseTime } from "./time";
import { TimesButton, TimesDialog } from "../panels/TimesDialog";
import { usePopover } from "../panels/usePopover";

export function BoardTitle() {
  return (
    <>
      {sharedLink.value !== null ? null : (
        <a
          class="button icon-only"
          href={linkTo({ place: { name: "dashboards" } })}
          title="All dashboards"
          aria-label="All dashboards"
        >
          <Back />
        </a>
      )}
      <h1 class="long-name" data-testid="board-title">
        <bdi>{opened.value?.view.title ?? ""}</bdi>
      </h1>
    </>
  );
}

const QUICK: readonly (readonly [from: string, to: string, name: string])[] = [
  ["now-5m", "now", "Last 5 minutes"],
  ["now-15m", "now", "Last 15 minutes"],
  ["now-1h", "now", "Last 1 hour"],
  ["now-6h", "now", "Last 6 hours"],
  ["now-24h", "now", "Last 24 hours"],
  ["now-7d", "now", "Last 7 days"],
  ["now-30d", "now", "Last 30 days"],
  ["now/d", "now/d", "Today"],
  ["now-1d/d", "now-1d/d", "Yesterday"],
  ["now/w", "now", "This week so far"],
  ["now/M", "now", "This month so far"],
  ["now-1y", "now", "Last 1 year"],
];
const LONG: Readonly<Record<string, string>> = {
  s: "second",
  m: "minute",
  h: "hour",
  d: "day",
  w: "week",
  M: "month",
  y: "year",
};

/** How a range is named: as in the list of quick ones, as a length, or by its two ends. */
function rangeName(): string {
  const { from, to } = timeRange.value;
  const quick = QUICK.find(([start, end]) => start === from && end === to);
  if (quick !== undefined) return quick[2];
  const length = live.value ? /^now-(\d+)([smhdwMy])$/.exec(from) : null;
  if (length !== null) {
    const [, count = "", unit = ""] = length;
    return `Last ${count} ${LONG[unit] ?? unit}${count === "1" ? "" : "s"}`;
  }
  // Ends that are in words stay so: a range that moves has no fixed times.
  if (from.startsWith("now") && to.startsWith("now")) return `${from} to ${to}`;
  const { fromMs, toMs } = shownWindow.value;
  return formatRange(fromMs, toMs, zoneUtc.value);
}

export function BoardControls() {
  if (openProblem.value !== null) return null;
  return (
    <div class="range board-controls">
      <RangeButton />
      <RefreshButton />
      {live.value ? <PauseButton /> : null}
      {sharedLink.value === null ? (
        <>
          <EditButton />
          {editKey.value === null ? <BoardMenu /> : null}
        </>
      ) : (
        <Expiry />
      )}
    </div>
  );
}

/** Until when the link shows the dashboard. */
function Expiry() {
  const endsMs = opened.value?.expires_ms;
  if (endsMs === undefined) return null;
  return (
    <span
      class="hint"
      data-testid="expires"
    >{`To look at only, until ${formatDayClock(endsMs, utc.value, false)}`}</span>
  );
}

function PauseButton() {
  const turn = (): void => {
    paused.value = !paused.value;
    if (!paused.value) reload();
  };
  return (
    <button
      type="button"
      class={paused.value ? "button" : "button live"}
      onClick={turn}
      title={paused.value ? "Follow new points" : "Stop the panels at this moment"}
      data-testid="board-pause"
    >
      {paused.value ? <Play /> : <Pause />}
      <span>{paused.value ? "Paused" : "Live"}</span>
    </button>
  );
}

function RangeButton() {
  const { open, place } = usePopover();
  return (
    <div class="anchor" ref={place}>
      <TimesButton open={open} name={rangeName()} isUtc={zoneUtc.value} testid="board-range" />
      {open.value ? <RangeDialog close={() => (open.value = false)} /> : null}
    </div>
  );
}

function RangeDialog({ close }: { close: () => void }) {
  const choose = (start: string, end: string): void => {
    change({ from: start, to: end });
    close();
  };
  const apply = (from: string, to: string): string | null => {
    const problem = rangeProblem(from, to);
    if (problem === null) choose(from, to);
    return problem;
  };
  return (
    <TimesDialog
      from={timeRange.peek().from}
      to={timeRange.peek().to}
      hint="now-6h, now/d or 2026-11-22 14:00"
      testid="board-range"
      apply={apply}
    >
      <div class="quick" role="group" aria-label="Quick ranges">
        {QUICK.map(([start, end, name]) => (
          <button key={name} type="button" class="button" onClick={() => choose(start, end)}>
            {name}
          </button>
        ))}
      </div>
    </TimesDialog>
  );
}

function rangeProblem(from: string, to: string): string | null {
  const nowMs = hubNowMs();
  const fromMs = parseTime(from, "from", nowMs, zoneUtc.peek());
  if (fromMs === undefined) return `“${from}” is not a time. Write now-6h or 2026-11-22 14:00.`;
  const toMs = parseTime(to, "to", nowMs, zoneUtc.peek());
  if (toMs === undefined) return `“${to}” is not a time. Write now or 2026-11-22 15:00.`;
  return fromMs < toMs ? null : "The range must begin before it ends.";
}

const INTERVALS = ["5s", "10s", "30s", "1m", "5m", "15m", "1h"];

function RefreshButton() {
  const chosen = refresh.value;
  const known = parseInterval(chosen);
  const all =
    known === undefined || INTERVALS.includes(chosen) ? INTERVALS : [formatInterval(known), ...INTERVALS];
  return (
    <label class="choice" title="How often the panels are asked for again">
      <span class="hidden-text">Refresh</span>
      <select
        value={chosen}
        onChange={(event) => change({ refresh: event.currentTarget.value })}
        data-testid="board-refresh"
      >
        <option value="">as points come</option>
        <option value="off">only by hand</option>
        {all.map((one) => (
          <option key={one} value={one}>
            every {one}
          </option>
        ))}
      </select>
    </label>
  );
}
