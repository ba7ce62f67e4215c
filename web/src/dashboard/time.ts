/** Times and intervals in Grafana's words: `now-6h`, `now/d`, `1h`; and the interval that suits a panel. */

export interface TimeRange {
  readonly from: string;
  readonly to: string;
}

export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
const LENGTHS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
  M: 30 * DAY_MS,
  Q: 91 * DAY_MS,
  y: 365 * DAY_MS,
};

/** `10s`, `1h30m`, `>1m` (Grafana's old way to write a least interval) in milliseconds; undefined for others. */
export function parseInterval(text: string): number | undefined {
  const trimmed = text.trim().replace(/^>\s*/, "");
  if (!/^(\d+(\.\d+)?(ms|[smhdwMQy]))+$/.test(trimmed)) return undefined;
  let sumMs = 0;
  for (const [, count, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwMQy])/g))
    sumMs += Number(count) * (LENGTHS_MS[unit ?? ""] ?? 0);
  return sumMs;
}

/** The shortest exact way to write an interval: `90s`, `2m`, `1d`. */
export function formatInterval(intervalMs: number): string {
  const whole = Math.max(1, Math.round(intervalMs));
  for (const unit of ["d", "h", "m", "s"] as const) {
    const lengthMs = LENGTHS_MS[unit] ?? 1;
    if (whole % lengthMs === 0) return `${whole / lengthMs}${unit}`;
  }
  return `${whole}ms`;
}

// Up to the first figure, an interval becomes the second.
const ROUNDED_MS: readonly (readonly [number, number])[] = [
  [10, 1],
  [15, 10],
  [35, 20],
  [75, 50],
  [150, 100],
  [350, 200],
  [750, 500],
  [1500, 1000],
  [3500, 2000],
  [7500, 5000],
  [12_500, 10_000],
  [17_500, 15_000],
  [25_000, 20_000],
  [45_000, 30_000],
  [90_000, 60_000],
  [210_000, 120_000],
  [450_000, 300_000],
  [750_000, 600_000],
  [1_050_000, 900_000],
  [1_500_000, 1_200_000],
  [2_700_000, 1_800_000],
  [5_400_000, 3_600_000],
  [9_000_000, 7_200_000],
  [16_200_000, 10_800_000],
  [32_400_000, 21_600_000],
  [86_400_000, 43_200_000],
  [604_800_000, 86_400_000],
  [1_814_400_000, 604_800_000],
  [3_628_800_000, 2_592_000_000],
];

/** The round interval that gives about `points` buckets in a window, not below the least one asked for. */
export function intervalFor(window: TimeWindow, points: number, leastMs = 1): number {
  const exact = (window.toMs - window.fromMs) / Math.max(1, points);
  const rounded = ROUNDED_MS.find(([below]) => exact < below)?.[1] ?? 31_536_000_000;
  return Math.max(rounded, leastMs);
}

const UNIT_NAMES = "(ms|[smhdwMQy])";
const RELATIVE = new RegExp(
  `^now((?:[+-]\\d+${UNIT_NAMES})*)(?:\\/(f?[smhdwMQy]))?((?:[+-]\\d+${UNIT_NAMES})*)$`,
);

function moved(date: Date, count: number, unit: string, utc: boolean): Date {
  const result = new Date(date);
  const months = unit === "M" ? count : unit === "Q" ? 3 * count : unit === "y" ? 12 * count : 0;
  const days = unit === "d" ? count : unit === "w" ? 7 * count : 0;
  if (months !== 0) return movedByMonths(result, months, utc);
  // Days are days of the calendar: one of them may have 23 hours.
  if (days !== 0) {
    if (utc) result.setUTCDate(result.getUTCDate() + days);
    else result.setDate(result.getDate() + days);
    return result;
  }
  return new Date(date.getTime() + count * (LENGTHS_MS[unit] ?? 0));
}

function movedByMonths(date: Date, months: number, utc: boolean): Date {
  const day = utc ? date.getUTCDate() : date.getDate();
  if (utc) date.setUTCMonth(date.getUTCMonth() + months, 1);
  else date.setMonth(date.getMonth() + months, 1);
  const [year, month] = utc
    ? [date.getUTCFullYear(), date.getUTCMonth()]
    : [date.getFullYear(), date.getMonth()];
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  if (utc) date.setUTCDate(Math.min(day, last));
  else date.setDate(Math.min(day, last));
  return date;
}

function beginning(date: Date, unit: string, utc: boolean): Date {
  const at = utc
    ? [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes()]
    : [date.getFullYear(), date.getMonth(), date.getDate(), date.getHours(), date.getMinutes()];
  const [year = 0, month = 0, day = 1, hour = 0, minute = 0] = at;
  const make = (...parts: [number, number, number?, number?, number?]): Date =>
    utc ? new Date(Date.UTC(...parts)) : new Date(parts[0], parts[1], ...(parts.slice(2) as [number]));
  if (unit === "y") return make(year, 0, 1);
  if (unit === "Q") return make(year, month - (month % 3), 1);
  if (unit === "M") return make(year, month, 1);
  if (unit === "w") return make(year, month, day - (utc ? date.getUTCDay() : date.getDay()));
  if (unit === "d") return make(year, month, day);
  if (unit === "h") return make(year, month, day, hour);
  if (unit === "m") return make(year, month, day, hour, minute);
  return new Date(Math.floor(date.getTime() / 1000) * 1000);
}

function steps(text: string): [number, string][] {
  return [...text.matchAll(/([+-]\d+)(ms|[smhdwMQy])/g)].map(([, count, unit]) => [
    Number(count),
    unit ?? "",
  ]);
}

/**
 * One end of a range in Grafana's words, milliseconds or an ISO time; undefined when it is none of these.
 * A rounded end (`now/d`) of the kind `to` is the last millisecond of its unit.
 */
export function parseTime(text: string, end: "from" | "to", nowMs: number, utc: boolean): number | undefined {
  const trimmed = text.trim();
  if (/^-?\d{9,}$/.test(trimmed)) return Number(trimmed);
  const match = RELATIVE.exec(trimmed);
  if (match === null) {
    const iso = /^\d{4}-\d\d-\d\d[T ]?/.test(trimmed) ? isoTime(trimmed, utc) : NaN;
    return Number.isNaN(iso) ? undefined : iso;
  }
  let date = new Date(nowMs);
  for (const [count, unit] of steps(match[1] ?? "")) date = moved(date, count, unit, utc);
  const unit = match[3]?.replace("f", "");
  if (unit !== undefined) {
    const start = beginning(date, unit, utc);
    date = end === "from" ? start : new Date(moved(start, 1, unit, utc).getTime() - 1);
  }
  for (const [count, name] of steps(match[4] ?? "")) date = moved(date, count, name, utc);
  return date.getTime();
}

function isoTime(text: string, utc: boolean): number {
  const iso = text.replace(" ", "T");
  const whole = /T/.test(iso) ? iso : `${iso}T00:00:00`;
  return Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(whole) || !utc ? whole : `${whole}Z`);
}

/** The window of a range, or the last six hours where the range cannot be read. */
export function windowFor(range: TimeRange, nowMs: number, utc: boolean): TimeWindow {
  const fromMs = parseTime(range.from, "from", nowMs, utc);
  const toMs = parseTime(range.to, "to", nowMs, utc);
  if (fromMs === undefined || toMs === undefined || fromMs >= toMs)
    return { fromMs: nowMs - 6 * HOUR_MS, toMs: nowMs };
  return { fromMs, toMs };
}

/** The window of one panel: its own length (`timeFrom`), moved back in time (`timeShift`). */
export function panelWindow(
  panel: { readonly timeFrom?: string | null; readonly timeShift?: string | null },
  range: TimeRange,
  nowMs: number,
  utc: boolean,
): TimeWindow {
  let own = range;
  if (panel.timeFrom != null && panel.timeFrom !== "") {
    const from = panel.timeFrom.startsWith("now") ? panel.timeFrom : `now-${panel.timeFrom}`;
    // A length from "now" needs a range that moves; a fixed one stays as it is.
    if (range.to.startsWith("now")) own = { from, to: /\/[dwMQy]$/.test(from) ? from : "now" };
  }
  const window = windowFor(own, nowMs, utc);
  const shiftMs = panel.timeShift == null ? undefined : parseInterval(panel.timeShift.replace(/^now-/, ""));
  if (shiftMs === undefined) return window;
  return { fromMs: window.fromMs - shiftMs, toMs: window.toMs - shiftMs };
}
