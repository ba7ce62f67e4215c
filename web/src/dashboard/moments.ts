/** Dates by a pattern (`YYYY-MM-DD HH:mm`), and lengths of time in words. */
import type { Decimals } from "./scales";

const MONTHS = [
  ...["January", "February", "March", "April", "May", "June"],
  ...["July", "August", "September", "October", "November", "December"],
];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const two = (value: number): string => String(value).padStart(2, "0");
const TOKENS = /\[([^\]]*)\]|YYYY|YY|MMMM|MMM|MM|M|DD|Do|D|dddd|ddd|HH|H|hh|h|mm|m|SSS|ss|s|A|a|X|x|ZZ|Z/g;

function ordinal(day: number): string {
  const ending = day > 10 && day < 14 ? "th" : (["th", "st", "nd", "rd"][day % 10] ?? "th");
  return `${day}${ending}`;
}

function zone(date: Date, utc: boolean, colon: string): string {
  const minutes = utc ? 0 : -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${colon}${two(size % 60)}`;
}

function tokensOf(date: Date, utc: boolean): Readonly<Record<string, () => string>> {
  const [year, month, day, weekday, hour, minute, second, millis] = utc
    ? ([
        ...[date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCDay()],
        ...[date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds(), date.getUTCMilliseconds()],
      ] as number[])
    : [
        ...[date.getFullYear(), date.getMonth(), date.getDate(), date.getDay()],
        ...[date.getHours(), date.getMinutes(), date.getSeconds(), date.getMilliseconds()],
      ];
  const [y = 0, mo = 0, d = 1, w = 0, h = 0, mi = 0, s = 0, ms = 0] = [
    ...[year, month, day, weekday, hour, minute, second, millis],
  ];
  const twelve = h % 12 === 0 ? 12 : h % 12;
  return {
    YYYY: () => String(y),
    YY: () => two(y % 100),
    MMMM: () => MONTHS[mo] ?? "",
    MMM: () => (MONTHS[mo] ?? "").slice(0, 3),
    MM: () => two(mo + 1),
    M: () => String(mo + 1),
    DD: () => two(d),
    Do: () => ordinal(d),
    D: () => String(d),
    dddd: () => DAYS[w] ?? "",
    ddd: () => (DAYS[w] ?? "").slice(0, 3),
    HH: () => two(h),
    H: () => String(h),
    hh: () => two(twelve),
    h: () => String(twelve),
    mm: () => two(mi),
    m: () => String(mi),
    ss: () => two(s),
    s: () => String(s),
    SSS: () => String(ms).padStart(3, "0"),
    A: () => (h < 12 ? "AM" : "PM"),
    a: () => (h < 12 ? "am" : "pm"),
    X: () => String(Math.floor(date.getTime() / 1000)),
    x: () => String(date.getTime()),
    Z: () => zone(date, utc, ":"),
    ZZ: () => zone(date, utc, ""),
  };
}

/** A time by a pattern; `today` is the pattern for times of this day. */
export function formatMoment(timeMs: number, pattern: string, utc: boolean, today?: string): string {
  const date = new Date(timeMs);
  if (Number.isNaN(date.getTime())) return "Invalid date";
  const now = new Date();
  const sameDay = utc
    ? date.toISOString().slice(0, 10) === now.toISOString().slice(0, 10)
    : date.toDateString() === now.toDateString();
  const tokens = tokensOf(date, utc);
  return (today !== undefined && sameDay ? today : pattern).replace(
    TOKENS,
    (token, kept: string | undefined) => kept ?? tokens[token]?.() ?? token,
  );
}

const WORDS = [
  [31_536_000_000, "year"],
  [2_592_000_000, "month"],
  [604_800_000, "week"],
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1000, "second"],
  [1, "millisecond"],
] as const;

/** `1 hour, 30 minutes`: the first unit that is reached and `decimals` more. */
export function formatDuration(size: number, decimals: Decimals, unitMs: number): string {
  if (size === 0) return unitMs === 1 ? "0 milliseconds" : "0 seconds";
  if (size < 0) return `${formatDuration(-size, decimals, unitMs)} ago`;
  let [restMs, more] = [size * unitMs, decimals ?? 0];
  const parts: string[] = [];
  for (const [lengthMs, name] of WORDS) {
    if (more < 0) break;
    if (restMs < lengthMs && parts.length === 0) continue;
    const whole = Math.floor(restMs / lengthMs);
    parts.push(`${whole} ${name}${whole === 1 ? "" : "s"}`);
    restMs %= lengthMs;
    more -= 1;
  }
  return parts.join(", ");
}

/** `01:05:09` for 3909 seconds; with days `0 d 01:05:09`. */
export function formatHoursMinutes(seconds: number, withDays = false): string {
  if (seconds < 0) return `${formatHoursMinutes(-seconds, withDays)} ago`;
  const days = withDays ? Math.floor(seconds / 86_400) : 0;
  const rest = seconds - days * 86_400;
  const clock = [Math.floor(rest / 3600), Math.floor((rest % 3600) / 60), Math.floor(rest % 60)].map(two);
  return `${withDays ? `${days} d ` : ""}${clock.join(":")}`;
}

/** `02h:15m:30s:120ms`, cut after the hours and `decimals` more parts. */
export function formatClockSpan(sizeMs: number, decimals: Decimals): string {
  const parts = [
    `${two(Math.floor(sizeMs / 3_600_000))}h`,
    `${two(Math.floor((sizeMs % 3_600_000) / 60_000))}m`,
    `${two(Math.floor((sizeMs % 60_000) / 1000))}s`,
    `${String(Math.floor(sizeMs % 1000)).padStart(3, "0")}ms`,
  ];
  const first = sizeMs >= 3_600_000 ? 0 : sizeMs >= 60_000 ? 1 : sizeMs >= 1000 ? 2 : 3;
  return parts.slice(first, decimals == null ? undefined : first + decimals + 1).join(":");
}

const AGES = [
  [44.5e3, () => "a few seconds"],
  [89.5e3, () => "a minute"],
  [44.5 * 60e3, (ms: number) => `${Math.round(ms / 60e3)} minutes`],
  [89.5 * 60e3, () => "an hour"],
  [21.5 * 3600e3, (ms: number) => `${Math.round(ms / 3600e3)} hours`],
  [35.5 * 3600e3, () => "a day"],
  [25.5 * 86400e3, (ms: number) => `${Math.round(ms / 86400e3)} days`],
  [45.5 * 86400e3, () => "a month"],
  [319.5 * 86400e3, (ms: number) => `${Math.round(ms / (30.44 * 86400e3))} months`],
  [547.5 * 86400e3, () => "a year"],
  [Infinity, (ms: number) => `${Math.round(ms / (365.25 * 86400e3))} years`],
] as const;

/** `5 minutes ago`, `in 2 hours`. */
export function formatFromNow(timeMs: number, nowMs = Date.now()): string {
  const ageMs = nowMs - timeMs;
  const words = AGES.find(([below]) => Math.abs(ageMs) < below)?.[1](Math.abs(ageMs)) ?? "";
  return ageMs < 0 ? `in ${words}` : `${words} ago`;
}
