import { describe, expect, it } from "vitest";
import type { Columns } from "../src/data";
import { drawingOf, lonely, nearestValue } from "../src/drawn";

const columns = (time: number[], ...lines: (number | string | null)[][]): Columns => ({
  time,
  series: lines.map((values, i) => ({ key: `${i}`, label: `${i}`, field: `${i}`, values })),
  omitted: 0,
});

describe("gaps", () => {
  it("passes over the empty buckets between points that come as usual", () => {
    const { lines } = drawingOf(columns([0, 2, 4, 6, 8, 10], [1, null, 2, null, null, 3]), 2, [true], false);
    expect(lines[0]).toEqual([1, undefined, 2, undefined, undefined, 3]);
  });

  it("breaks a line where more than three usual distances lie between two values", () => {
    const { lines } = drawingOf(
      columns([0, 1, 2, 3, 4, 5, 6], [1, 1, 1, null, null, null, 1]),
      1,
      [true],
      false,
    );
    expect(lines[0]).toEqual([1, 1, 1, null, null, null, 1]);
  });

  it("adds a row where the gap has none", () => {
    const drawing = drawingOf(columns([0, 10, 20, 90], [1, 1, 1, 1]), 10, [true], false);
    expect(drawing.time).toEqual([0, 10, 20, 55, 90]);
    expect(drawing.lines[0]).toEqual([1, 1, 1, null, 1]);
  });

  it("lets an added row be passed over by a series that has no gap there", () => {
    const drawing = drawingOf(
      columns([0, 10, 20, 90], [1, 1, 1, 1], [1, null, null, 2]),
      10,
      [true, true],
      false,
    );
    expect(drawing.lines[1]).toEqual([1, undefined, undefined, undefined, 2]);
  });

  it("draws numbers only", () => {
    expect(drawingOf(columns([0, 1], ["on", 2]), 1, [true], false).lines[0]).toEqual([null, 2]);
  });
});

describe("stacks", () => {
  it("adds each line to those below", () => {
    const { lines, values } = drawingOf(
      columns([0, 1], [1, 2], [10, 20], [100, 200]),
      1,
      [true, true, true],
      true,
    );
    expect(lines).toEqual([
      [1, 2],
      [11, 22],
      [111, 222],
    ]);
    expect(values[2]).toEqual([100, 200]);
  });

  it("leaves hidden series out of the sum", () => {
    expect(drawingOf(columns([0, 1], [1, 2], [10, 20]), 1, [false, true], true).lines[1]).toEqual([10, 20]);
  });

  it("carries a value over buckets in which only others have one", () => {
    const { lines } = drawingOf(columns([0, 1, 2], [5, null, 5], [1, 1, 1]), 1, [true, true], true);
    expect(lines[1]).toEqual([6, 6, 6]);
  });

  it("does not draw what is zero throughout", () => {
    const { lines } = drawingOf(columns([0, 1], [3, 4], [0, 0]), 1, [true, true], true);
    expect(lines[1]).toEqual([null, null]);
  });
});

describe("finding points", () => {
  it("takes the nearest value in time", () => {
    const values = [1, undefined, undefined, 4, null];
    expect([0, 1, 2, 3, 4].map((row) => nearestValue([0, 10, 20, 30, 40], values, row))).toEqual([
      0, 0, 3, 3, 3,
    ]);
    expect(nearestValue([0], [null], 0)).toBeNull();
  });

  it("finds points that stand alone", () => {
    expect(lonely([1, null, 2, 3, null, 4])).toEqual([0, 5]);
    expect(lonely([undefined, 1, undefined])).toEqual([1]);
    expect(lonely([1, undefined, 2])).toEqual([]);
  });
});
