/** The line of a small picture. */
import type { Scalar } from "../model";

/** An SVG path over the numbers of a field; holes are passed over. */
export function sparkPath(
  times: readonly number[],
  values: readonly Scalar[],
  widthPx: number,
  heightPx: number,
): string {
  const points = values.flatMap((value, i) =>
    typeof value === "number" && Number.isFinite(value) ? [[times[i] ?? i, value] as const] : [],
  );
  if (points.length === 0) return "M 0 0";
  const [first, last] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 1];
  const low = points.reduce((least, [, value]) => Math.min(least, value), Infinity);
  const high = points.reduce((most, [, value]) => Math.max(most, value), -Infinity);
  const x = (at: number): number => (last > first ? ((at - first) / (last - first)) * widthPx : 0);
  const y = (value: number): number =>
    high > low ? heightPx - 2 - ((value - low) / (high - low)) * (heightPx - 4) : heightPx / 2;
  return points
    .map(([at, value], i) => `${i === 0 ? "M" : "L"} ${x(at).toFixed(1)} ${y(value).toFixed(1)}`)
    .join(" ");
}
