/** Time ranges: a length that ends now, or two fixed instants; their written forms and their windows. */

export type Range =
  | { readonly kind: "live"; readonly spanMs: number }
  | { readonly kind: "fixed"; readonly fromMs: number; readonly toMs: number };

export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: MINUTE_MS,
  min: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
};

export const QUICK_RANGES = ["5m", "15m", "1h", "6h", "24h", "7d", "30d"] as const;
export const DEFAULT_RANGE: Range = { kind: "live", spanMs: 15 * 60_000 };

const SHORTEST_MS = 5_000;
const LONGEST_MS = 20 * 366 * 86_400_000;

/** `15m`, `6h`, `90s` in milliseconds, undefined when it is not such a length. */
export function parseSpan(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)$/.exec(text.trim().toLowerCase());
  if (match === null) return undefined;
  const spanMs = Number(match[1]) * (UNIT_MS[match[2] ?? ""] ?? 0);
  return spanMs > 0 ? Math.round(spanMs) : undefined;
}

/** The shortest written form of a length: `15m`, `24h`, `7d`. */
export function formatSpanCode(spanMs: number): string {
  if (spanMs % DAY_MS === 0 && spanMs > DAY_MS) return `${spanMs / DAY_MS}d`;
  if (spanMs % HOUR_MS === 0) return `${spanMs / HOUR_MS}h`;
  if (spanMs % MINUTE_MS === 0) return `${spanMs / MINUTE_MS}m`;
  return `${Math.round(spanMs / 1000)}s`;
}

function parseClock(text: string, nowMs: number, utc: boolean): number | undefined {
  const match =
    /^(?:(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+|$))?(?:(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?)?(Z)?$/i.exec(
      text,
    );
  if (match === null || (match[1] === undefined && match[4] === undefined)) return undefined;
  const inUtc = utc || match[8] !== undefined;
  const today = new Date(nowMs);
  const given = (index: number, otherwise: number): number =>
    match[index] === undefined ? otherwise : Number(match[index]);
  const year = given(1, inUtc ? today.getUTCFullYear() : today.getFullYear());
  const month = given(2, (inUtc ? today.getUTCMonth() : today.getMonth()) + 1);
  const day = given(3, inUtc ? today.getUTCDate() : today.getDate());
  const [hour, minute, second] = [given(4, 0), given(5, 0), given(6, 0)];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59)
    return undefined;
  const millis = Number((match[7] ?? "").padEnd(3, "0"));
  const date = inUtc
    ? new Date(Date.UTC(year, month - 1, day, hour, minute, second, millis))
    : new Date(year, month - 1, day, hour, minute, second, millis);
  // The 31st of a month with 30 days would silently become the 1st of the next.
  if ((inUtc ? date.getUTCDate() : date.getDate()) !== day) return undefined;
  return date.getTime();
}

/**
 * One end of a range as a person types it: `now`, `now-6h`, `2026-11-22 14:00`, `14:00`, or whole milliseconds.
 * Dates are in the viewer's zone unless `utc` or a closing Z says otherwise.
 */
export function parseInstant(text: string, nowMs: number, utc: boolean): number | undefined {
  const trimmed = text.trim();
  const relative = /^now\s*(?:-\s*(.+))?$/i.exec(trimmed);
  if (relative !== null) {
    if (relative[1] === undefined) return nowMs;
    const spanMs = parseSpan(relative[1]);
    return spanMs === undefined ? undefined : nowMs - spanMs;
  }
  if (/^\d{11,14}$/.test(trimmed)) return Number(trimmed);
  return parseClock(trimmed, nowMs, utc);
}

/** The range between two typed ends, or a sentence that says what is wrong with them. */
export function parseRange(from: string, to: string, nowMs: number, utc: boolean): Range | string {
  const fromMs = parseInstant(from, nowMs, utc);
  if (fromMs === undefined) return `“${from}” is not a time. Write now-6h or 2026-11-22 14:00.`;
  const toMs = parseInstant(to === "" ? "now" : to, nowMs, utc);
  if (toMs === undefined) return `“${to}” is not a time. Write now or 2026-11-22 15:00.`;
  if (toMs - fromMs < SHORTEST_MS) return "The range must begin at least 5 seconds before it ends.";
  if (toMs - fromMs > LONGEST_MS) return "The range is longer than 20 years.";
  if (toMs === nowMs) return { kind: "live", spanMs: Math.round(toMs - fromMs) };
  return { kind: "fixed", fromMs: Math.round(fromMs), toMs: Math.round(toMs) };
}

/** A fixed range around what was dragged, never shorter than five seconds. */
export function zoomedRange(fromMs: number, toMs: number): Range {
  const spanMs = Math.max(SHORTEST_MS, toMs - fromMs);
  const middle = (fromMs + toMs) / 2;
  return { kind: "fixed", fromMs: Math.round(middle - spanMs / 2), toMs: Math.round(middle + spanMs / 2) };
}

/** The window a range stands for at this moment. */
export function windowOf(range: Range, nowMs: number): Window {
  if (range.kind === "fixed") return { fromMs: range.fromMs, toMs: range.toMs };
  return { fromMs: nowMs - range.spanMs, toMs: nowMs };
}

const NICE_S = [
  1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 5400, 7200, 10800, 14400, 21600, 43200,
  86400, 172800, 604800,
];

/** The bucket length that gives about one bucket for every two pixels: a round one, never below a second. */
export function intervalFor(spanMs: number, widthPx: number): number {
  const wanted = spanMs / Math.max(20, widthPx / 2);
  const seconds = NICE_S.find((nice) => nice * 1000 >= wanted);
  return (seconds ?? Math.ceil(wanted / 604_800_000) * 604_800) * 1000;
}
