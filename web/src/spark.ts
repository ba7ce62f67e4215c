/** The path of a small line. */
import { valueSpan } from "./axes";
import type { Drawing } from "./drawn";
import type { Window } from "./range";
import { UNITS } from "./units";

export interface SparkSize {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly max: number | null;
}

/** An SVG path through the first line of a drawing, broken where the line has a hole. */
export function sparkPath(drawing: Drawing, window: Window, size: SparkSize): string {
  const values = drawing.lines[0] ?? [];
  const inside = values.filter(
    (value, i) => typeof value === "number" && (drawing.time[i] ?? 0) >= window.fromMs,
  );
  const numbers = inside.filter((value) => typeof value === "number");
  if (numbers.length === 0) return "";
  const needs = { unit: UNITS.none, max: size.max, stacked: false };
  const [low, high] = valueSpan(Math.min(...numbers), Math.max(...numbers), needs);
  const place = (at: number, value: number): string => {
    const x = ((at - window.fromMs) / (window.toMs - window.fromMs)) * size.widthPx;
    const y = size.heightPx - 1 - ((value - low) / (high - low)) * (size.heightPx - 2);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  };
  let path = "";
  let broken = true;
  values.forEach((value, i) => {
    if (value === null) broken = true;
    if (typeof value !== "number") return;
    path += `${broken ? "M" : "L"}${place(drawing.time[i] ?? 0, value)}`;
    // A point alone is a dot: a line of no length with round ends.
    if (broken) path += "l0 0";
    broken = false;
  });
  return path;
}
