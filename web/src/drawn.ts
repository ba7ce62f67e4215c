/** From columns to what is drawn: numbers only, gaps where the data has gaps, stacks summed up. */
import { medianSpacing, type Columns } from "./data";

/** A number, a hole in the line (null), or a place the line passes over (undefined). */
export type Drawn = number | null | undefined;

export interface Drawing {
  readonly time: number[];
  readonly lines: Drawn[][];
  /** Values on the same rows as the lines, before they were stacked. */
  readonly values: Drawn[][];
}

// Between two values this many times farther apart than usual, nothing is known.
const GAP_FACTOR = 3;

function longestJoin(time: readonly number[], values: readonly unknown[], intervalMs: number): number {
  return GAP_FACTOR * Math.max(intervalMs, medianSpacing(time, values as (number | null)[]));
}

/** Instants at which a row must be added, because a gap of some series has no row inside. */
function missingRows(
  time: readonly number[],
  series: readonly (readonly Drawn[])[],
  joins: readonly number[],
): number[] {
  const missing = new Set<number>();
  series.forEach((values, s) => {
    let last = -1;
    for (let i = 0; i < time.length; i += 1) {
      if (typeof values[i] !== "number") continue;
      const from = time[last] ?? 0;
      const to = time[i] ?? 0;
      if (last >= 0 && i === last + 1 && to - from > (joins[s] ?? 0))
        missing.add(Math.round((from + to) / 2));
      last = i;
    }
  });
  return [...missing];
}

/** Turns the empty buckets that a line passes over into `undefined`, and leaves null where it breaks. */
function passOver(time: readonly number[], values: Drawn[], join: number): void {
  let last = -1;
  for (let i = 0; i < time.length; i += 1) {
    if (typeof values[i] !== "number") continue;
    if (last >= 0 && (time[i] ?? 0) - (time[last] ?? 0) <= join) values.fill(undefined, last + 1, i);
    last = i;
  }
}

function insertRows(
  time: readonly number[],
  series: readonly (readonly Drawn[])[],
  added: readonly number[],
): Drawing {
  if (added.length === 0) return { time: [...time], lines: [], values: series.map((values) => [...values]) };
  const all = [...new Set([...time, ...added])].sort((a, b) => a - b);
  const placeOf = new Map(time.map((at, i) => [at, i]));
  const values = series.map((old) =>
    all.map((at) => {
      const place = placeOf.get(at);
      return place === undefined ? null : (old[place] ?? null);
    }),
  );
  return { time: all, lines: [], values };
}

/**
 * Each line is the sum of itself and the shown lines below; a passed-over value counts as the one before it.
 * A line that is zero throughout is not drawn: it would only paint over the one below.
 */
function stacked(values: readonly Drawn[][], shown: readonly boolean[]): Drawn[][] {
  const rows = values[0]?.length ?? 0;
  const sums = new Array<number>(rows).fill(0);
  return values.map((line, s) => {
    if (shown[s] !== true) return line;
    if (line.every((value) => typeof value !== "number" || value === 0)) return line.map(() => null);
    let held = 0;
    return line.map((value, i) => {
      if (typeof value === "number") held = value;
      else if (value === null) held = 0;
      sums[i] = (sums[i] ?? 0) + held;
      return typeof value === "number" ? sums[i] : value;
    });
  });
}

/** What a chart draws of its columns; only numbers are kept. */
export function drawingOf(
  columns: Columns,
  intervalMs: number,
  shown: readonly boolean[],
  stack: boolean,
): Drawing {
  const numbers = columns.series.map((column) =>
    column.values.map((value) => (typeof value === "number" ? value : null)),
  );
  const joins = numbers.map((values) => longestJoin(columns.time, values, intervalMs));
  const rows = insertRows(columns.time, numbers, missingRows(columns.time, numbers, joins));
  rows.values.forEach((values, s) => passOver(rows.time, values, joins[s] ?? 0));
  return { ...rows, lines: stack ? stacked(rows.values, shown) : rows.values };
}

/** The place of the value nearest to a row among a series' values, null when there is none at all. */
export function nearestValue(time: readonly number[], values: readonly Drawn[], row: number): number | null {
  if (typeof values[row] === "number") return row;
  const at = time[row] ?? 0;
  let [before, after] = [row - 1, row + 1];
  while (before >= 0 && typeof values[before] !== "number") before -= 1;
  while (after < values.length && typeof values[after] !== "number") after += 1;
  if (before < 0) return after < values.length ? after : null;
  if (after >= values.length) return before;
  return at - (time[before] ?? 0) <= (time[after] ?? 0) - at ? before : after;
}

/** Rows whose value stands alone between two holes: without a dot they would not be seen. */
export function lonely(values: readonly Drawn[]): number[] {
  const found: number[] = [];
  let [run, at] = [0, -1];
  for (let i = 0; i <= values.length; i += 1) {
    const value = values[i];
    if (typeof value === "number") {
      run += 1;
      at = i;
    } else if (value === null || i === values.length) {
      if (run === 1) found.push(at);
      run = 0;
    }
  }
  return found;
}
