import { describe, expect, test } from "vitest";
import { histogram } from "../src/dashboard/histogram";
import { csvCell, csvOf, fileName } from "../src/dashboard/panelExport";
import { slicePath } from "../src/dashboard/slices";
import { periodsOf } from "../src/dashboard/states";
import { fitted, roundStep, timeTicks, valueTicks } from "../src/dashboard/ticks";

describe("ticks", () => {
  test.each([
    [10, 5, 2],
    [1, 3, 0.5],
    [0, 5, 1],
    [95, 10, 10],
  ])("a span of %d in at most %d steps has steps of %d", (span, most, step) => {
    expect(roundStep(span, most)).toBeCloseTo(step);
  });

  test("values are round", () => {
    expect(valueTicks(-0.3, 1, 4)).toEqual([0, 0.5, 1]);
    expect(valueTicks(3, 3, 4)).toEqual([]);
  });

  test("times are at round minutes, days at midnight", () => {
    expect(timeTicks(0, 900_000, 3, true).map((tick) => tick.atMs)).toEqual([0, 300_000, 600_000, 900_000]);
    const days = timeTicks(1, 3 * 86_400_000, 3, true);
    expect(days.map((tick) => tick.label)).toEqual(["2 Jan", "3 Jan", "4 Jan"]);
  });

  test("a long name keeps its end", () => {
    expect(fitted("a very long name of host-7", 84)).toMatch(/^a ve….*host-7$/);
    expect(fitted("short", 84)).toBe("short");
  });
});

test("a histogram counts values in equally wide buckets", () => {
  expect(histogram([[1, 1.5, 2, 3.9, null]], 1)).toEqual({ starts: [1, 2, 3], size: 1, counts: [[2, 1, 1]] });
  expect(histogram([[5]], 2, 1)?.starts).toEqual([5]);
  expect(histogram([[0, 1e9]], 1e-9)?.starts.length).toBeLessThan(100);
  expect(histogram([[null]])).toBeUndefined();
});

test("equal neighbours are one period when they are merged; null is a gap", () => {
  const [times, values] = [
    [0, 1, 2, 3],
    ["on", "on", null, "off"],
  ];
  expect(periodsOf(times, values, 9, true)).toEqual([
    { fromMs: 0, toMs: 2, value: "on" },
    { fromMs: 3, toMs: 9, value: "off" },
  ]);
  expect(periodsOf(times, values, 9, false)).toHaveLength(3);
});

test("a whole circle is drawn as an arc that ends just before its beginning", () => {
  expect(slicePath(0, 1, 10, 0)).toContain("A 10 10 0 1 1");
  expect(slicePath(0, 0.25, 10, 5)).toBe(
    "M 0.00 -10.00 A 10 10 0 0 1 10.00 0.00 L 5.00 0.00 A 5 5 0 0 0 0.00 -5.00 Z",
  );
});

describe("CSV", () => {
  test.each([
    ["plain", "plain"],
    ["a,b", '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ["=HYPERLINK(1)", "'=HYPERLINK(1)"],
    ["@SUM(1)", "'@SUM(1)"],
    [-5, "-5"],
    [null, ""],
    [true, "true"],
  ])("%j is the cell %s", (value, cell) => {
    expect(csvCell(value)).toBe(cell);
  });

  test("times are ISO 8601, columns have the names that people see", () => {
    const fields = [
      { name: "Time", type: "time" as const, values: [0] },
      { name: "Value", type: "number" as const, values: [2] },
    ];
    expect(csvOf([{ refId: "A", name: "load", fields }])).toBe(
      "\uFEFFTime,load\r\n1970-01-01T00:00:00.000Z,2\r\n",
    );
  });

  test("a file's name holds no signs of paths", () => {
    expect(fileName("../CPU / load: π", "csv")).toBe("CPU-load-π.csv");
    expect(fileName("…", "png")).toBe("panel.png");
  });
});
