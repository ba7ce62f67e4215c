/** What expressions compute with: numbers and series, each with its labels. */
import type { Labels } from "../panel";

export interface NumberValue {
  readonly kind: "number";
  readonly labels: Labels;
  readonly value: number | null;
}

export interface SeriesValue {
  readonly kind: "series";
  readonly labels: Labels;
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
}

export type Value = NumberValue | SeriesValue;

export const numberOf = (value: number | null, labels: Labels = {}): NumberValue => ({
  kind: "number",
  labels,
  value,
});

/** The value with a function applied to each of its numbers. */
export function mapped(value: Value, apply: (number: number | null) => number | null): Value {
  return value.kind === "number"
    ? { ...value, value: apply(value.value) }
    : { ...value, values: value.values.map(apply) };
}

const within = (small: Labels, large: Labels): boolean =>
  Object.entries(small).every(([name, value]) => large[name] === value);

/** The labels of what two values make together; undefined when they do not belong together. */
function joined(a: Value, b: Value): Labels | undefined {
  if (within(a.labels, b.labels)) return b.labels;
  return within(b.labels, a.labels) ? a.labels : undefined;
}

type Combine = (a: number | null, b: number | null) => number | null;

function combined(a: Value, b: Value, labels: Labels, combine: Combine): Value {
  if (a.kind === "number" && b.kind === "number") return numberOf(combine(a.value, b.value), labels);
  if (a.kind === "number") return { ...mapped(b, (value) => combine(a.value, value)), labels };
  if (b.kind === "number") return { ...mapped(a, (value) => combine(value, b.value)), labels };
  const others = new Map(b.times.map((time, i) => [time, b.values[i] ?? null]));
  const shared = a.times.map((time, i) => ({ time, i })).filter(({ time }) => others.has(time));
  return {
    kind: "series",
    labels,
    times: shared.map(({ time }) => time),
    values: shared.map(({ time, i }) => combine(a.values[i] ?? null, others.get(time) ?? null)),
  };
}

/** Every pair whose labels agree, combined; two that stand alone always belong together. */
export function paired(left: readonly Value[], right: readonly Value[], combine: Combine): Value[] {
  const alone = left.length === 1 && right.length === 1;
  return left.flatMap((a) =>
    right.flatMap((b) => {
      const labels = joined(a, b) ?? (alone ? a.labels : undefined);
      return labels === undefined ? [] : [combined(a, b, labels, combine)];
    }),
  );
}
