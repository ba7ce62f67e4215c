/** Histograms: how many values lie in each of equally wide buckets. */
import type { Scalar } from "./model";
import { roundStep } from "./ticks";

export interface Buckets {
  /** The lower end of each bucket. */
  readonly starts: readonly number[];
  readonly size: number;
  /** One list of counts for each list of values. */
  readonly counts: readonly (readonly number[])[];
}

const USUAL_BUCKETS = 30;
const MOST_BUCKETS = 1000;

const numbersOf = (values: readonly Scalar[]): number[] =>
  values.filter((value): value is number => typeof value === "number" && Number.isFinite(value));

/** Counts values in buckets of a size (0 for one that makes about so many) that begin at an offset. */
export function histogram(
  lists: readonly (readonly Scalar[])[],
  asked = 0,
  offset = 0,
  about = USUAL_BUCKETS,
): Buckets | undefined {
  const numbers = lists.map(numbersOf);
  let [low, high] = [Infinity, -Infinity];
  for (const list of numbers)
    for (const value of list) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (low > high) return undefined;
  const usual = roundStep(high - low || 1, Math.min(MOST_BUCKETS, Math.max(1, about)));
  // A size far too small for the values would make more buckets than pixels.
  const size = asked > 0 && (high - low) / asked <= MOST_BUCKETS ? asked : usual;
  const place = (value: number): number => Math.floor((value - offset) / size + 1e-9);
  const first = place(low);
  const count = place(high) - first + 1;
  const counts = numbers.map((list) => {
    const made = new Array<number>(count).fill(0);
    for (const value of list) made[place(value) - first] = (made[place(value) - first] ?? 0) + 1;
    return made;
  });
  const starts = Array.from({ length: count }, (_, i) =>
    Number((offset + (first + i) * size).toPrecision(12)),
  );
  return { starts, size, counts };
}
