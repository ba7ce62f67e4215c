/** Expressions of a panel over its own queries: math, reduce, resample and threshold, as Grafana has them. */
import { listOf, recordOf, textOf } from "../optionValues";
import type { Scalar, Target } from "../model";
import type { Field, Frame } from "../panel";
import { parseInterval, type TimeWindow } from "../time";
import { computed } from "./math";
import { numberOf, type Value } from "./values";

export type ExpressionTarget = Target & Readonly<Record<string, unknown>>;
const KINDS: ReadonlySet<string> = new Set(["math", "reduce", "resample", "threshold"]);
const STEPS_MOST = 11_000;

export function isExpression(target: Target): target is ExpressionTarget {
  const { type, expression } = target as ExpressionTarget;
  return typeof type === "string" && KINDS.has(type) && typeof expression === "string";
}

/** The refIds that an expression mentions. */
export function usedBy(target: ExpressionTarget): string[] {
  const text = textOf(target["expression"]);
  if (target["type"] !== "math") return [text.replace(/^\$\{?|\}$/g, "")];
  return [...text.matchAll(/\$\{([^}]+)\}|\$(\w+)/g)].map((match) => match[1] ?? match[2] ?? "");
}

/** The targets that must be asked: those that are shown, and hidden ones that shown expressions need. */
export function neededTargets(targets: readonly Target[]): Target[] {
  const needed = new Set<string>();
  const visit = (refId: string): void => {
    if (needed.has(refId)) return;
    needed.add(refId);
    const target = targets.find((one) => one.refId === refId);
    if (target !== undefined && isExpression(target)) usedBy(target).forEach(visit);
  };
  for (const target of targets) if (target.hide !== true) visit(target.refId);
  return targets.filter((target) => needed.has(target.refId));
}

const asNumber = (value: Scalar | undefined): number | null => (typeof value === "number" ? value : null);

function valuesIn(frames: readonly Frame[]): Value[] {
  return frames.flatMap((frame) => {
    const time = frame.fields.find((field) => field.type === "time");
    const numbers = frame.fields.filter((field) => field.type === "number");
    return numbers.map((field): Value => {
      const labels = field.labels ?? {};
      if (time === undefined) return numberOf(asNumber(field.values[0]), labels);
      return { kind: "series", labels, times: time.values.map(Number), values: field.values.map(asNumber) };
    });
  });
}

function frameOf(value: Value, refId: string): Frame {
  const field: Field = {
    name: refId,
    type: "number",
    labels: value.labels,
    values: value.kind === "number" ? [value.value] : value.values,
  };
  const shown = Object.values(value.labels).join(" ");
  const name = shown === "" ? refId : `${refId} ${shown}`;
  if (value.kind === "number") return { refId, name, fields: [{ ...field, name }] };
  return {
    refId,
    name,
    fields: [
      { name: "Time", type: "time", values: value.times },
      { ...field, name },
    ],
  };
}

const present = (value: number | null): value is number => value !== null && !Number.isNaN(value);

/** The numbers that a reduction sees: as they are, without gaps, or with a number in place of gaps. */
function counted(values: readonly (number | null)[], settings: Readonly<Record<string, unknown>>): number[] {
  const mode = textOf(settings["mode"]);
  if (mode === "dropNN")
    return values.filter((value) => present(value) && Number.isFinite(value)) as number[];
  const other = typeof settings["replaceWithValue"] === "number" ? settings["replaceWithValue"] : 0;
  return values.map((value) => (present(value) ? value : mode === "replaceNN" ? other : NaN));
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[half] ?? NaN)
    : ((sorted[half - 1] ?? NaN) + (sorted[half] ?? NaN)) / 2;
}

const REDUCERS: Readonly<Record<string, (values: readonly number[]) => number | null>> = {
  sum,
  count: (values) => values.length,
  mean: (values) => (values.length === 0 ? null : sum(values) / values.length),
  avg: (values) => (values.length === 0 ? null : sum(values) / values.length),
  min: (values) => (values.length === 0 ? null : values.some(Number.isNaN) ? NaN : Math.min(...values)),
  max: (values) => (values.length === 0 ? null : values.some(Number.isNaN) ? NaN : Math.max(...values)),
  last: (values) => values.at(-1) ?? null,
  median: (values) => (values.length === 0 ? null : median(values)),
};

function reduced(target: ExpressionTarget, input: readonly Value[]): Value[] {
  const name = textOf(target["reducer"], "mean");
  const reduce = Object.hasOwn(REDUCERS, name) ? REDUCERS[name] : undefined;
  if (reduce === undefined) throw new Error(`The reduction ${name} is not known.`);
  const settings = recordOf(target["settings"]);
  return input.map((value) =>
    value.kind === "number" ? value : numberOf(reduce(counted(value.values, settings)), value.labels),
  );
}

function resampled(target: ExpressionTarget, input: readonly Value[], window: TimeWindow): Value[] {
  const stepMs = parseInterval(textOf(target["window"]));
  if (stepMs === undefined || stepMs <= 0) throw new Error("A resampling needs a window such as 10s.");
  if ((window.toMs - window.fromMs) / stepMs > STEPS_MOST) throw new Error("The window is too short.");
  const down = REDUCERS[textOf(target["downsampler"], "mean")] ?? REDUCERS["mean"];
  const up = textOf(target["upsampler"], "fillna");
  const first = Math.ceil(window.fromMs / stepMs) * stepMs;
  const times = Array.from(
    { length: Math.max(0, Math.floor((window.toMs - first) / stepMs) + 1) },
    (_, i) => first + i * stepMs,
  );
  return input.map((value) => {
    if (value.kind === "number") return value;
    let at = 0;
    let before: number | null = null;
    const values = times.map((time) => {
      const found: number[] = [];
      for (; at < value.times.length && (value.times[at] ?? 0) <= time; at++) {
        const one = value.values[at] ?? null;
        if (one !== null) found.push(one);
      }
      if (found.length > 0) return (before = down?.(found) ?? null);
      if (up === "pad") return before;
      return up === "backfilling" ? (value.values[at] ?? null) : null;
    });
    return { ...value, times, values };
  });
}

function passes(value: number, kind: string, [low = 0, high = 0]: readonly number[]): boolean {
  const tests: Readonly<Record<string, boolean>> = {
    gt: value > low,
    gte: value >= low,
    lt: value < low,
    lte: value <= low,
    eq: value === low,
    ne: value !== low,
    within_range: value > low && value < high,
    outside_range: value < low || value > high,
    within_range_included: value >= low && value <= high,
    outside_range_included: value <= low || value >= high,
  };
  return tests[kind] ?? false;
}

function judged(target: ExpressionTarget, input: readonly Value[]): Value[] {
  const evaluator = recordOf(recordOf(listOf(target["conditions"])[0])["evaluator"]);
  const limits = listOf(evaluator["params"]).map(Number);
  const kind = textOf(evaluator["type"], "gt");
  const judge = (value: number | null): number | null =>
    value === null ? null : passes(value, kind, limits) ? 1 : 0;
  return input.map((value) =>
    value.kind === "number"
      ? { ...value, value: judge(value.value) }
      : { ...value, values: value.values.map(judge) },
  );
}

/**
 * The frames of a panel's expressions, each after those that it needs.
 *
 * @throws Error that names the expression and says what is wrong.
 */
export function expressionFrames(
  targets: readonly Target[],
  frames: readonly Frame[],
  window: TimeWindow,
  expand: (text: string) => string,
): Frame[] {
  const done = new Map<string, readonly Value[]>();
  const entering = new Set<string>();
  const valuesOf = (refId: string): readonly Value[] => {
    const known = done.get(refId);
    if (known !== undefined) return known;
    const target = targets.find((one) => one.refId === refId);
    if (target === undefined) throw new Error(`There is no query ${refId}.`);
    if (entering.has(refId)) throw new Error(`${refId} needs itself.`);
    entering.add(refId);
    const found = isExpression(target)
      ? run(target)
      : valuesIn(frames.filter((frame) => frame.refId === refId));
    done.set(refId, found);
    return found;
  };
  const run = (target: ExpressionTarget): readonly Value[] => {
    if (target["type"] === "math") return computed(expand(textOf(target["expression"])), valuesOf);
    const input = valuesOf(usedBy(target)[0] ?? "");
    if (target["type"] === "reduce") return reduced(target, input);
    return target["type"] === "resample" ? resampled(target, input, window) : judged(target, input);
  };
  return targets
    .filter((target) => isExpression(target) && target.hide !== true)
    .flatMap(({ refId }) => {
      try {
        return valuesOf(refId).map((value) => frameOf(value, refId));
      } catch (cause) {
        throw new Error(`${refId}: ${cause instanceof Error ? cause.message : String(cause)}`);
      }
    });
}
