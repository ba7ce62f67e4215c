/** Expressions over queries, by cases written from Grafana's documentation of them. */
import { describe, expect, it } from "vitest";
import { expressionFrames, neededTargets } from "../src/dashboard/expression/expressions";
import { computed } from "../src/dashboard/expression/math";
import { numberOf } from "../src/dashboard/expression/values";
import type { Target } from "../src/dashboard/model";
import type { Frame } from "../src/dashboard/panel";

const WINDOW = { fromMs: 0, toMs: 60_000 };
const plain = (text: string): string => text;

function series(refId: string, values: (number | null)[], labels = {}, times?: number[]): Frame {
  const at = times ?? values.map((_, i) => i * 10_000);
  return {
    refId,
    name: refId,
    fields: [
      { name: "Time", type: "time", values: at },
      { name: refId, type: "number", labels, values },
    ],
  };
}

const target = (refId: string, more: Record<string, unknown>): Target => ({ refId, ...more });
const math = (expression: string, hide = false): Target =>
  target("X", { type: "math", expression, ...(hide ? { hide } : {}) });
const run = (targets: Target[], frames: Frame[]): Frame[] =>
  expressionFrames([target("A", {}), target("B", {}), ...targets], frames, WINDOW, plain);
const last = (frames: Frame[]): unknown => frames.map((frame) => frame.fields.at(-1)?.values);

describe("a formula", () => {
  it.each([
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3", 9],
    ["2 ** 3 ** 2", 512],
    ["7 % 4", 3],
    ["-2 + 5", 3],
    ["10 / 4", 2.5],
    ["1 < 2", 1],
    ["2 <= 1", 0],
    ["3 != 3", 0],
    ["1 && 0", 0],
    ["1 || 0", 1],
    ["!0", 1],
    ["abs(-3)", 3],
    ["round(2.6)", 3],
    ["floor(2.6)", 2],
    ["ceil(2.1)", 3],
    ["is_nan(nan())", 1],
    ["is_null(null())", 1],
    ["is_inf(inf())", 1],
    ["is_number(5)", 1],
    ["null() + 1", null],
    ["$a * 2", 8],
    ["${a} - $b", 3],
  ])("%s is %s", (formula, expected) => {
    const known = new Map([
      ["a", [numberOf(4)]],
      ["b", [numberOf(1)]],
    ]);
    const found = computed(formula, (name) => known.get(name) ?? []);
    expect(found).toEqual([numberOf(expected)]);
  });

  it.each(["1 +", "(1", "1 2", "what(3)", "3 ? 4", "abs 3", "nan(1)"])("%s is refused", (formula) => {
    expect(() => computed(formula, () => [])).toThrow();
  });
});

describe("series", () => {
  it("are computed where both have the time", () => {
    const frames = [series("A", [1, 2, 3]), series("B", [10, 20], {}, [10_000, 20_000])];
    expect(last(run([math("$A + $B")], frames))).toEqual([[12, 23]]);
  });

  it("are matched by their labels, a number goes with each", () => {
    const frames = [
      series("A", [1, 2], { host: "a" }),
      series("A", [3, 4], { host: "b" }),
      series("B", [10, 10], { host: "b" }),
    ];
    expect(last(run([math("$A * $B")], frames).slice(0, 1))).toEqual([[30, 40]]);
    expect(last(run([math("$A * 2")], frames))).toEqual([
      [2, 4],
      [6, 8],
    ]);
  });

  it("are reduced as the mode says", () => {
    const reduce = (reducer: string, settings?: Record<string, unknown>): unknown =>
      last(run([target("R", { type: "reduce", expression: "A", reducer, settings })], frames));
    const frames = [series("A", [1, null, 5])];
    expect(reduce("sum", { mode: "dropNN" })).toEqual([[6]]);
    expect(reduce("mean", { mode: "replaceNN", replaceWithValue: 3 })).toEqual([[3]]);
    expect(reduce("max")).toEqual([[NaN]]);
    expect(reduce("count")).toEqual([[3]]);
    expect(reduce("last", { mode: "dropNN" })).toEqual([[5]]);
    expect(reduce("median", { mode: "dropNN" })).toEqual([[3]]);
  });

  it("are resampled down and filled up", () => {
    const down = target("R", {
      type: "resample",
      expression: "A",
      window: "20s",
      downsampler: "sum",
      upsampler: "pad",
    });
    expect(last(run([down], [series("A", [1, 2, 4])]))).toEqual([[1, 6, 6, 6]]);
    const fill = { ...down, upsampler: "fillna" } as Target;
    expect(last(run([fill], [series("A", [1, 2, 4])]))).toEqual([[1, 6, null, null]]);
  });

  it.each([
    ["gt", [2], [0, 0, 1]],
    ["lt", [2], [1, 0, 0]],
    ["within_range", [0, 3], [1, 1, 0]],
    ["outside_range", [1, 2], [0, 0, 1]],
  ])("pass the threshold %s %j", (type, params, expected) => {
    const threshold = target("T", {
      type: "threshold",
      expression: "A",
      conditions: [{ evaluator: { type, params } }],
    });
    expect(last(run([threshold], [series("A", [1, 2, 3])]))).toEqual([expected]);
  });

  it("need the hidden queries that shown expressions use, and no others", () => {
    const targets = [
      target("A", { hide: true }),
      target("B", { hide: true }),
      target("R", { type: "reduce", expression: "A", reducer: "sum", hide: true }),
      math("$R + 1"),
    ];
    expect(neededTargets(targets).map((one) => one.refId)).toEqual(["A", "R", "X"]);
    expect(last(run(targets, [series("A", [1, 2])]))).toEqual([[4]]);
  });

  it("say which of them is wrong", () => {
    expect(() => run([math("$X + 1")], [])).toThrow("X: X needs itself");
    expect(() => run([math("$Q + 1")], [])).toThrow("X: There is no query Q");
  });
});
