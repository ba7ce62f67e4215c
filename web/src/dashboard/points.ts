/** Which field of an XY chart stands over which, and the span of both. */
import type { Options } from "./model";
import { listOf, recordOf, textOf } from "./optionValues";
import type { ShownField, ShownFrame } from "./panel";

export interface Cloud {
  readonly x: ShownField;
  readonly y: ShownField;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const isFigure = (field: ShownField): boolean => field.type === "number";

/** The name that a series of today (by a matcher) or of before gives to one of its fields. */
const named = (value: unknown): string =>
  typeof value === "string" ? value : textOf(recordOf(recordOf(value)["matcher"])["options"], "");

type Pair = readonly [ShownField, ShownField];

/** What the options choose of a frame; all its numbers over the first where they name nothing of any frame. */
function pairsOf(frame: ShownFrame, options: Options): { readonly named: Pair[]; readonly all: Pair[] } {
  const find = (name: string): ShownField | undefined =>
    frame.fields.find((field) => name !== "" && (field.name === name || field.title === name));
  const figures = frame.fields.filter(isFigure);
  const first = find(named(recordOf(options["dims"])["x"])) ?? figures[0];
  const wanted = listOf(options["series"]).map(recordOf);
  const chosen = wanted.flatMap((one) => {
    const [nameX, nameY] = [named(one["x"]), named(one["y"])];
    const x = nameX === "" ? first : find(nameX);
    const y = find(nameY);
    // A name may be one of another frame.
    if (x === undefined || (y === undefined && nameY !== "")) return [];
    return y === undefined ? others(figures, x) : [[x, y] as const];
  });
  return { named: chosen, all: first === undefined ? [] : others(figures, first) };
}

const others = (figures: readonly ShownField[], x: ShownField): Pair[] =>
  figures.filter((field) => field !== x).map((field) => [x, field] as const);

/** The clouds of points of a panel; a point without one of its numbers is left out. */
export function cloudsOf(frames: readonly ShownFrame[], options: Options): Cloud[] {
  const pairs = frames.map((frame) => pairsOf(frame, options));
  const isNamed = pairs.some((one) => one.named.length > 0);
  return pairs
    .flatMap((one) => (isNamed ? one.named : one.all))
    .map(([x, y]) => ({
      x,
      y,
      points: x.values.flatMap((value, row) => {
        const over = y.values[row];
        return isNumber(value) && isNumber(over) ? [{ x: value, y: over }] : [];
      }),
    }));
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

/** From the least to the greatest value with a little room; fixed ends win. */
export function spanOf(values: readonly number[], field: ShownField): readonly [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (low > high) [low, high] = [0, 1];
  const room = high === low ? Math.abs(high) / 2 || 1 : (high - low) * 0.05;
  return [field.config.min ?? low - room, field.config.max ?? high + room];
}
