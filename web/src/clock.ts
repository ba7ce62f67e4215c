/** Times of day and dates in the viewer's zone or in UTC. */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

interface Parts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

function partsOf(timeMs: number, utc: boolean): Parts {
  const date = new Date(timeMs);
  return utc
    ? {
        year: date.getUTCFullYear(),
        month: date.getUTCMonth(),
        day: date.getUTCDate(),
        hour: date.getUTCHours(),
        minute: date.getUTCMinutes(),
        second: date.getUTCSeconds(),
      }
    : {
        year: date.getFullYear(),
        month: date.getMonth(),
        day: date.getDate(),
        hour: date.getHours(),
        minute: date.getMinutes(),
        second: date.getSeconds(),
      };
}

const two = (value: number): string => value.toString().padStart(2, "0");

/** `14:05:30`, or `14:05` without seconds. */
export function formatClock(timeMs: number, utc: boolean, seconds = true): string {
  const at = partsOf(timeMs, utc);
  return `${two(at.hour)}:${two(at.minute)}` + (seconds ? `:${two(at.second)}` : "");
}

/** `22 Nov`. */
export function formatDay(timeMs: number, utc: boolean): string {
  const at = partsOf(timeMs, utc);
  return `${at.day} ${MONTHS[at.month] ?? ""}`;
}

/** `22 Nov 14:05:30`; the seconds are left out when asked. */
export function formatDayClock(timeMs: number, utc: boolean, seconds = true): string {
  return `${formatDay(timeMs, utc)} ${formatClock(timeMs, utc, seconds)}`;
}

/** `2026-11-22`. */
export function formatDate(timeMs: number, utc: boolean): string {
  const at = partsOf(timeMs, utc);
  return `${at.year}-${two(at.month + 1)}-${two(at.day)}`;
}

/** `2026-11-22 14:05:30`, the form the range inputs take; zero seconds are left out. */
export function formatInput(timeMs: number, utc: boolean): string {
  const seconds = partsOf(timeMs, utc).second !== 0;
  return `${formatDate(timeMs, utc)} ${formatClock(timeMs, utc, seconds)}`;
}

/** `14:00 – 15:30` on one day, with the days when they differ. */
export function formatRange(fromMs: number, toMs: number, utc: boolean): string {
  const seconds = toMs - fromMs < 600_000;
  const sameDay = formatDay(fromMs, utc) === formatDay(toMs, utc);
  const end = sameDay ? formatClock(toMs, utc, seconds) : formatDayClock(toMs, utc, seconds);
  return `${formatDayClock(fromMs, utc, seconds)} – ${end}`;
}

/** Labels for the ticks of a time axis: the date where a day begins, seconds only for fine steps. */
export function formatTimeTicks(ticks: readonly number[], stepMs: number, utc: boolean): string[] {
  return ticks.map((tick) => {
    const at = partsOf(tick, utc);
    const midnight = at.hour === 0 && at.minute === 0 && at.second === 0;
    if (stepMs >= 86_400_000 || midnight) return formatDay(tick, utc);
    return formatClock(tick, utc, stepMs < 60_000);
  });
}

/** The zone the page shows times in: `UTC`, or the viewer's own as `Europe/Berlin, UTC+1`. */
export function zoneName(utc: boolean, timeMs: number): string {
  if (utc) return "UTC";
  const minutes = -new Date(timeMs).getTimezoneOffset();
  const size = Math.abs(minutes);
  const rest = size % 60 === 0 ? "" : `:${two(size % 60)}`;
  const offset = minutes === 0 ? "UTC" : `UTC${minutes < 0 ? "−" : "+"}${Math.floor(size / 60)}${rest}`;
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return name === "UTC" || name === "" ? "UTC" : `${name.replaceAll("_", " ")}, ${offset}`;
}
