/** Scales and ticks: which range an axis spans, at which steps it has ticks. */
import type { Unit } from "./units";

/** Steps between ticks of binary sizes, so that they are 512 MiB and not 488 MiB. */
export const BINARY_STEPS: number[] = Array.from({ length: 52 }, (_, power) => 2 ** power);

export const DECIMAL_STEPS: number[] = Array.from({ length: 30 }, (_, i) => i - 9).flatMap((power) =>
  [1, 2, 5].map((digit) => Number(`${digit}e${power}`)),
);

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86400;
/** Steps between ticks of lengths of time, in seconds. */
export const SPAN_STEPS: number[] = [
  ...DECIMAL_STEPS.filter((step) => step < 10),
  ...[10, 15, 30].flatMap((step) => [step, step * MINUTE_S]),
  ...[1, 2, 5].map((step) => step * MINUTE_S),
  ...[1, 2, 3, 6, 12].map((step) => step * HOUR_S),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].map((step) => step * DAY_S),
].sort((a, b) => a - b);

export function stepsFor(unit: Unit): number[] {
  if (unit.scaling === "iec") return BINARY_STEPS;
  return unit.scaling === "time" ? SPAN_STEPS : DECIMAL_STEPS;
}

const CLOCK_PX = 50;
const SECONDS_PX = 76;

/** How far apart ticks of time stand at least: where they tell seconds their labels are wider than 14:05. */
export function timeSpace(fromMs: number, toMs: number, widthPx: number): number {
  const closestMs = ((toMs - fromMs) * CLOCK_PX) / widthPx;
  return closestMs < MINUTE_S * 1000 ? SECONDS_PX : CLOCK_PX;
}

export interface AxisNeeds {
  readonly unit: Unit;
  readonly max: number | null;
  readonly stacked: boolean;
}

const FLAT_BYTES = 4 * 1024 ** 2;

/** The span of a value axis around the lowest and highest drawn value, null when nothing is drawn. */
export function valueSpan(low: number | null, high: number | null, needs: AxisNeeds): [number, number] {
  const floor = needs.unit.zero || needs.stacked ? 0 : null;
  if (needs.max !== null) return [Math.min(low ?? 0, floor ?? 0), Math.max(high ?? 0, needs.max)];
  if (low === null || high === null) return [0, 1];
  const bottom = floor === null || low < 0 ? low : floor;
  const top = floor === null || high > 0 ? high : floor;
  // Nothing but zeros: the line lies on the ground.
  if (floor !== null && bottom === floor && top === floor)
    return [0, needs.unit.scaling === "iec" ? FLAT_BYTES : 1];
  // A flat line stands in the middle of a span that is small beside its value, not at an edge.
  const least = Math.max(Math.abs(top) * 0.02, needs.unit.scaling === "iec" ? 1024 : 1e-9);
  const spare = Math.max((top - bottom) * 0.08, top - bottom < least ? least / 2 : 0);
  return [bottom === floor ? bottom : below(bottom - spare, bottom), top === floor ? top : top + spare];
}

/** Room below a value, but not below zero for values that are all above it. */
function below(wanted: number, value: number): number {
  return value >= 0 && wanted < 0 ? 0 : wanted;
}
