import { describe, expect, it } from "vitest";
import { cloudsOf, spanOf } from "../src/dashboard/points";
import type { ShownField } from "../src/dashboard/panel";

const field = (name: string, values: readonly (number | null)[], type = "number") =>
  ({ name, title: name, type, values, config: {}, colour: "#fff" }) as unknown as ShownField;
const frames = [
  {
    fields: [
      field("Time", [1, 2, 3], "time"),
      field("a", [1, 2, null]),
      field("b", [4, 5, 6]),
      field("c", [7, null, 9]),
    ],
  },
] as unknown as Parameters<typeof cloudsOf>[0];
const told = (options: Record<string, unknown>) =>
  cloudsOf(frames, options).map(({ x, y, points }) => [x.name, y.name, points.map((one) => [one.x, one.y])]);

describe("points of one number over another", () => {
  it("are those of all numbers over the first", () => {
    expect(told({})).toEqual([
      [
        "a",
        "b",
        [
          [1, 4],
          [2, 5],
        ],
      ],
      ["a", "c", [[1, 7]]],
    ]);
  });
  it("are chosen by names, of today and of before", () => {
    const matched = (name: string) => ({ matcher: { id: "byName", options: name } });
    const wanted = [["c", "a", [[7, 1]]]];
    expect(told({ series: [{ x: matched("c"), y: matched("a") }] })).toEqual(wanted);
    expect(told({ series: [{ x: "c", y: "a" }] })).toEqual(wanted);
    expect(told({ dims: { x: "b" } }).map(([x, y]) => [x, y])).toEqual([
      ["b", "a"],
      ["b", "c"],
    ]);
  });
  it("are drawn once where names are those of several frames", () => {
    const one = (x: string, y: string) => ({ fields: [field(x, [1, 2]), field(y, [3, 4])] });
    const two = [one("a", "b"), one("c", "d")] as unknown as Parameters<typeof cloudsOf>[0];
    const pairs = (series: unknown[]) => cloudsOf(two, { series }).map(({ x, y }) => [x.name, y.name]);
    expect(
      pairs([
        { x: "a", y: "b" },
        { x: "c", y: "d" },
      ]),
    ).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
    expect(pairs([{ x: "c", y: "d" }])).toEqual([["c", "d"]]);
  });
  it("have room around them unless an end is fixed", () => {
    expect(spanOf([0, 100], field("a", []))).toEqual([-5, 105]);
    expect(spanOf([3], { ...field("a", []), config: { min: 0 } })).toEqual([0, 4.5]);
    expect(spanOf([], field("a", []))).toEqual([-0.05, 1.05]);
  });
});
