/** Times of the day or of the week that a chart of before version 8 marks, such as the nights. */
import { listOf, numberOf, recordOf, textOf } from "./optionValues";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "./time";

export interface Region {
  readonly fromMs: number;
  readonly toMs: number;
  /** CSS colours; empty where nothing is drawn. */
  readonly fill: string;
  readonly line: string;
}

const SHADES: Readonly<Record<string, readonly [fill: string, line: string]>> = {
  red: ["rgba(234, 112, 112, 0.12)", "rgba(237, 46, 24, 0.6)"],
  green: ["rgba(11, 237, 50, 0.09)", "rgba(6, 163, 69, 0.6)"],
  blue: ["rgba(11, 125, 238, 0.12)", "rgba(11, 125, 238, 0.6)"],
  yellow: ["rgba(235, 138, 14, 0.12)", "rgba(247, 149, 32, 0.6)"],
};
const GREY = ["rgba(128, 128, 128, 0.16)", "rgba(128, 128, 128, 0.6)"] as const;
const MOST = 400;

/** `06:30` as milliseconds since midnight; the beginning or the end of the day where nothing is said. */
function clockMs(text: string, otherwise: number): number {
  const [hours, minutes] = text.split(":").map(Number);
  if (text === "" || hours === undefined || Number.isNaN(hours)) return otherwise;
  return hours * HOUR_MS + (minutes === undefined || Number.isNaN(minutes) ? 0 : minutes * MINUTE_MS);
}

/** Monday is 1, Sunday 7. The first day of 1970 was a Thursday. */
const weekday = (dayMs: number): number => ((Math.floor(dayMs / DAY_MS) + 3) % 7) + 1;

function coloursOf(region: Readonly<Record<string, unknown>>): readonly [fill: string, line: string] {
  const mode = textOf(region["colorMode"]);
  const [fill, line] =
    mode === "custom"
      ? [textOf(region["fillColor"], GREY[0]), textOf(region["lineColor"], GREY[1])]
      : ((Object.hasOwn(SHADES, mode) ? SHADES[mode] : undefined) ?? GREY);
  return [region["fill"] === false ? "" : fill, region["line"] === true ? line : ""];
}

/** Where marked times lie in a window. Dashboards mean them in UTC, whatever the page shows. */
export function regionsIn(given: unknown, window: { fromMs: number; toMs: number }): Region[] {
  return listOf(given)
    .map(recordOf)
    .flatMap((region) => spansOf(region, window))
    .slice(0, MOST);
}

function spansOf(
  region: Readonly<Record<string, unknown>>,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Region[] {
  const [fill, line] = coloursOf(region);
  const day = numberOf(region["fromDayOfWeek"], 0);
  const lastDay = numberOf(region["toDayOfWeek"], day);
  const startMs = clockMs(textOf(region["from"]), 0);
  const days = day === 0 ? 0 : (lastDay - day + 7) % 7;
  let endMs = days * DAY_MS + clockMs(textOf(region["to"]), DAY_MS);
  if (endMs <= startMs) endMs += day === 0 ? DAY_MS : 7 * DAY_MS;
  const found: Region[] = [];
  // One that began up to a week before the window may reach into it.
  const first = Math.floor((fromMs - 7 * DAY_MS) / DAY_MS) * DAY_MS;
  for (let dayMs = first; dayMs <= toMs && found.length < MOST; dayMs += DAY_MS) {
    if (day !== 0 && weekday(dayMs) !== day) continue;
    const span = { fromMs: dayMs + startMs, toMs: dayMs + endMs };
    if (span.toMs > fromMs && span.fromMs < toMs) found.push({ ...span, fill, line });
  }
  return found;
}
