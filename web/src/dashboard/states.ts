/** Periods of state: from when to when a field had which value. */
import type { Scalar } from "./model";
import type { ShownField, ShownFrame } from "./panel";

export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
  readonly value: Scalar;
}

export interface StateRow {
  readonly field: ShownField;
  readonly periods: readonly Period[];
}

/** The periods of one field; equal neighbours become one when they are merged, null is a gap, as is more than `mostMs`. */
export function periodsOf(
  times: readonly Scalar[],
  values: readonly Scalar[],
  toMs: number,
  merged: boolean,
  mostMs = Infinity,
): Period[] {
  const periods: { fromMs: number; toMs: number; value: Scalar }[] = [];
  times.forEach((time, i) => {
    if (typeof time !== "number") return;
    const next = times[i + 1];
    const followed = typeof next === "number" ? next : Math.max(time, toMs);
    const endMs = Math.min(followed, time + mostMs);
    const value = values[i] ?? null;
    const before = periods.at(-1);
    if (merged && before?.value === value && before.toMs === time) before.toMs = endMs;
    else periods.push({ fromMs: time, toMs: endMs, value });
  });
  return periods.filter((period) => period.value !== null);
}

/** One row for each field of every frame that has times. */
export function stateRows(frames: readonly ShownFrame[], toMs: number, merged: boolean): StateRow[] {
  return frames.flatMap((frame) => {
    const time = frame.fields.find((field) => field.type === "time");
    if (time === undefined) return [];
    return frame.fields
      .filter((field) => field !== time && field.type !== "time")
      .map((field) => ({
        field,
        periods: periodsOf(time.values, field.values, toMs, merged, holeOf(field)),
      }));
  });
}

function holeOf(field: ShownField): number {
  const mostMs = field.config.custom?.["insertNulls"];
  return typeof mostMs === "number" && mostMs > 0 ? mostMs : Infinity;
}
