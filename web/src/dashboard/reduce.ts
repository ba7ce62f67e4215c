/** Reductions of a field to one value, by Grafana's names for them. */
import type { Scalar } from "./model";
import type { Field } from "./panel";

type Reduce = (values: readonly Scalar[]) => Scalar;

const isNumber = (value: Scalar): value is number => typeof value === "number" && !Number.isNaN(value);
const present = (values: readonly Scalar[]): Scalar[] =>
  values.filter((value) => value !== null && !(typeof value === "number" && Number.isNaN(value)));
const overNumbers =
  (reduce: (numbers: number[]) => number): Reduce =>
  (values) => {
    const numbers = values
      .map((value) => (typeof value === "boolean" ? Number(value) : value))
      .filter(isNumber);
    return numbers.length === 0 ? null : reduce(numbers);
  };
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
const least = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.min(a, b), Infinity);
const most = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), -Infinity);
const mean = (numbers: readonly number[]): number => sum(numbers) / numbers.length;
const variance = (numbers: readonly number[]): number => {
  const middle = mean(numbers);
  return sum(numbers.map((one) => (one - middle) ** 2)) / numbers.length;
};

/** The value below which this share of the numbers lies. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.round((sorted.length - 1) * share))] ?? NaN;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const [low = NaN, high = NaN] = [sorted[half - 1], sorted[half]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

const firstPresent: Reduce = (values) => present(values)[0] ?? null;
const lastPresent: Reduce = (values) => present(values).at(-1) ?? null;

/** From the first to the last value; after a fall (a counter that began anew) it counts on from zero. */
const delta = (numbers: readonly number[]): number => {
  let grown = 0;
  for (let i = 1; i < numbers.length; i += 1) {
    const [before = 0, now = 0] = [numbers[i - 1], numbers[i]];
    grown += now >= before ? now - before : now;
  }
  return grown;
};

const leastStep = (numbers: readonly number[]): number =>
  numbers.length < 2 ? 0 : least(numbers.slice(1).map((now, i) => now - (numbers[i] ?? 0)));

const REDUCERS: Readonly<Record<string, Reduce>> = {
  lastNotNull: lastPresent,
  last: (values) => values.at(-1) ?? null,
  firstNotNull: firstPresent,
  first: (values) => values[0] ?? null,
  min: overNumbers(least),
  max: overNumbers(most),
  mean: overNumbers(mean),
  median: overNumbers(median),
  sum: (values) => overNumbers(sum)(values) ?? 0,
  count: (values) => values.length,
  range: overNumbers((numbers) => most(numbers) - least(numbers)),
  delta: overNumbers(delta),
  step: overNumbers(leastStep),
  diff: overNumbers((numbers) => (numbers.at(-1) ?? 0) - (numbers[0] ?? 0)),
  diffperc: overNumbers((numbers) => ((numbers.at(-1) ?? 0) - (numbers[0] ?? 0)) / (numbers[0] ?? NaN)),
  logmin: overNumbers((numbers) => least(numbers.filter((one) => one > 0))),
  allIsZero: (values) => values.length > 0 && present(values).every((value) => value === 0),
  allIsNull: (values) => present(values).length === 0,
  changeCount: (values) => values.slice(1).filter((value, i) => value !== values[i]).length,
  distinctCount: (values) => new Set(values).size,
  countAll: (values) => values.length,
  stdDev: overNumbers((numbers) => Math.sqrt(variance(numbers))),
  variance: overNumbers(variance),
};

/** Names that older dashboards use. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  current: "lastNotNull",
  avg: "mean",
  total: "sum",
  lastnotnull: "lastNotNull",
  average: "mean",
};

/** What `null` values count as before a reduction: left out, or as zero. */
export type NullMode = "ignore" | "zero";

/** Reduces values by a reducer's name (`lastNotNull`, `mean`, `p95`, …); null when there is nothing to reduce. */
export function reduceValues(values: readonly Scalar[], reducer: string, nulls: NullMode = "ignore"): Scalar {
  const name = OLD_NAMES[reducer] ?? reducer;
  const percent = /^p(\d{1,2})$/.exec(name);
  const taken = nulls === "zero" ? values.map((value) => value ?? 0) : values;
  if (percent !== null) return overNumbers((numbers) => quantile(numbers, Number(percent[1]) / 100))(taken);
  return (Object.hasOwn(REDUCERS, name) ? REDUCERS[name] : lastPresent)?.(taken) ?? null;
}

export function reduceField(field: Field, reducer: string): Scalar {
  return reduceValues(field.values, reducer);
}

/** Names of reducers as people read them. */
export const REDUCER_TITLES: Readonly<Record<string, string>> = {
  lastNotNull: "Last *",
  last: "Last",
  firstNotNull: "First *",
  first: "First",
  min: "Min",
  max: "Max",
  mean: "Mean",
  median: "Median",
  sum: "Total",
  count: "Count",
  range: "Range",
  delta: "Delta",
  step: "Step",
  diff: "Difference",
  diffperc: "Difference percent",
  logmin: "Min (above zero)",
  allIsZero: "All zeros",
  allIsNull: "All nulls",
  changeCount: "Change count",
  distinctCount: "Distinct count",
  stdDev: "StdDev",
  variance: "Variance",
};
