/** Columns of points: from answers, merged with a fresh tail, cut to a window, with gaps, stacked, summed up. */
import type { Result, Scalar } from "./api";
import { seriesLabel, type Chart, type Part } from "./chart";

export interface Column {
  /** Part, field and tags: the same series has the same key in every answer. */
  readonly key: string;
  readonly label: string;
  readonly field: string;
  readonly values: Scalar[];
}

/** One time axis in milliseconds, ascending, and series of the same length; null is a bucket without value. */
export interface Columns {
  readonly time: number[];
  readonly series: Column[];
  /** Series that the answers held but that are left out, so that a chart stays readable. */
  readonly omitted: number;
}

export const MOST_SERIES = 32;
export const EMPTY: Columns = { time: [], series: [], omitted: 0 };

function scaled(part: Part, field: string, value: Scalar): Scalar {
  if (typeof value !== "number") return value;
  return value * (part.factors[field] ?? part.factor) + part.offset;
}

function unionOfTimes(lists: readonly (readonly number[])[]): number[] {
  const [first] = lists;
  if (lists.length === 1 && first !== undefined) return [...first];
  return [...new Set(lists.flat())].sort((a, b) => a - b);
}

/** Puts values that belong to `from` times at their places among the `to` times. */
function spread(values: readonly Scalar[], from: readonly number[], to: readonly number[]): Scalar[] {
  const placed: Scalar[] = new Array<Scalar>(to.length).fill(null);
  let at = 0;
  for (let i = 0; i < from.length; i += 1) {
    while (at < to.length && (to[at] ?? 0) < (from[i] ?? 0)) at += 1;
    if (to[at] === from[i]) placed[at] = values[i] ?? null;
  }
  return placed;
}

const natural = new Intl.Collator("en", { numeric: true });

/** One answer per part of the chart, joined into columns. Throws the first error that an answer carries. */
export function toColumns(chart: Chart, results: readonly (Result | undefined)[]): Columns {
  const failed = results.find((result) => result?.error !== undefined);
  if (failed?.error !== undefined) throw new Error(failed.error);
  const time = unionOfTimes(results.map((result) => result?.time_ms ?? []));
  const columns: Column[] = [];
  chart.parts.forEach((part, index) => {
    const result = results[index];
    const series = result?.series ?? [];
    const all = series.map((one) => one.tags);
    const kept = series.filter((one) => part.keep === null || part.keep(one.tags, all));
    const named = kept.map((one) => {
      const tagText = part.groupBy.map((tag) => one.tags[tag] ?? "").join("\u0000");
      const values = one.values.map((value) => scaled(part, one.field, value));
      return {
        key: `${index}\u0000${one.field}\u0000${tagText}`,
        label: seriesLabel(part, one.field, one.tags),
        field: one.field,
        values: spread(values, result?.time_ms ?? [], time),
        order: part.fields.indexOf(one.field),
        tagText,
      };
    });
    named.sort((a, b) => natural.compare(a.tagText, b.tagText) || a.order - b.order);
    columns.push(...named.map(({ key, label, field, values }) => ({ key, label, field, values })));
  });
  return { time, series: columns.slice(0, MOST_SERIES), omitted: Math.max(0, columns.length - MOST_SERIES) };
}

/** The old columns with everything from `fromMs` on replaced by what the fresh tail says. */
export function mergeTail(old: Columns, tail: Columns, fromMs: number): Columns {
  const keep = lowerBound(old.time, fromMs);
  const start = lowerBound(tail.time, fromMs);
  const time = [...old.time.slice(0, keep), ...tail.time.slice(start)];
  const fresh = new Map(tail.series.map((column) => [column.key, column]));
  const series = old.series.map((column) => {
    const found = fresh.get(column.key);
    fresh.delete(column.key);
    const end = found?.values.slice(start) ?? blanks(tail.time.length - start);
    return { ...column, values: [...column.values.slice(0, keep), ...end] };
  });
  for (const column of fresh.values()) {
    if (series.length >= MOST_SERIES) break;
    series.push({ ...column, values: [...blanks(keep), ...column.values.slice(start)] });
  }
  return { time, series, omitted: Math.max(old.omitted, tail.omitted) };
}

const blanks = (length: number): Scalar[] => new Array<Scalar>(length).fill(null);

/** The columns without the rows that lie before `fromMs`, but for the last of them: a line enters from there. */
export function dropBefore(columns: Columns, fromMs: number): Columns {
  const cut = Math.max(0, lowerBound(columns.time, fromMs) - 1);
  if (cut === 0) return columns;
  const series = columns.series.map((column) => ({ ...column, values: column.values.slice(cut) }));
  return { ...columns, time: columns.time.slice(cut), series };
}

/** The first place in an ascending list whose value is not below `value`. */
export function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The middle one of the distances between neighbouring values of a series, 0 with fewer than two. */
export function medianSpacing(time: readonly number[], values: readonly Scalar[]): number {
  const spacings: number[] = [];
  let last: number | undefined;
  time.forEach((at, i) => {
    if (values[i] == null) return;
    if (last !== undefined) spacings.push(at - last);
    last = at;
  });
  spacings.sort((a, b) => a - b);
  return spacings[spacings.length >> 1] ?? 0;
}

export interface Statistics {
  readonly last: number | null;
  readonly min: number | null;
  readonly mean: number | null;
  readonly max: number | null;
  readonly points: number;
  readonly lastMs: number;
}

/** A series' figures between two instants, both included. */
export function statistics(columns: Columns, column: Column, fromMs: number, toMs: number): Statistics {
  let [sum, points, lastMs] = [0, 0, 0];
  let [last, min, max]: (number | null)[] = [null, null, null];
  for (let i = lowerBound(columns.time, fromMs); i < columns.time.length; i += 1) {
    const at = columns.time[i] ?? 0;
    const value = column.values[i];
    if (at > toMs) break;
    if (typeof value !== "number") continue;
    [last, lastMs] = [value, at];
    min = min == null || value < min ? value : min;
    max = max == null || value > max ? value : max;
    sum += value;
    points += 1;
  }
  return {
    last: last ?? null,
    min: min ?? null,
    mean: points === 0 ? null : sum / points,
    max: max ?? null,
    points,
    lastMs,
  };
}
