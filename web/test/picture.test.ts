import { describe, expect, it } from "vitest";
import { BINARY_STEPS, DECIMAL_STEPS, SPAN_STEPS, stepsFor, timeSpace, valueSpan } from "../src/axes";
import { retryDelay } from "../src/live";
import { sparkPath } from "../src/spark";
import { besidePoint, rowsToShow } from "../src/tooltip";
import { UNITS } from "../src/units";

const needs = (unit: keyof typeof UNITS, max: number | null = null, stacked = false) => ({
  unit: UNITS[unit],
  max,
  stacked,
});

describe("valueSpan", () => {
  it("keeps a whole of a hundred whole", () => {
    expect(valueSpan(3, 40, needs("percent", 100))).toEqual([0, 100]);
    expect(valueSpan(3, 130, needs("percent", 100))).toEqual([0, 130]);
    expect(valueSpan(null, null, needs("percent", 100))).toEqual([0, 100]);
  });

  it("begins at zero for sizes, not for temperatures", () => {
    expect(valueSpan(5e9, 6e9, needs("bytes"))[0]).toBe(0);
    expect(valueSpan(40, 50, needs("celsius"))[0]).toBeCloseTo(39.2);
  });

  it("gives a flat line room on both sides", () => {
    const [low, high] = valueSpan(20, 20, needs("celsius"));
    expect(low).toBeLessThan(20);
    expect(high).toBeGreaterThan(20);
    expect(valueSpan(0, 0, needs("count"))[1]).toBeGreaterThan(0);
  });

  it("holds what is drawn below zero", () => {
    const [low, high] = valueSpan(-300, 100, needs("byteRate"));
    expect(low).toBeLessThan(-300);
    expect(high).toBeGreaterThan(100);
  });

  it("has steps that ascend, binary ones for sizes in memory", () => {
    for (const steps of [BINARY_STEPS, DECIMAL_STEPS, SPAN_STEPS]) {
      expect(steps.every((step, i) => i === 0 || step > (steps[i - 1] ?? 0))).toBe(true);
    }
    expect(stepsFor(UNITS.bytes)).toContain(512 * 1024 ** 2);
    expect(stepsFor(UNITS.percent)).toContain(20);
  });
});

describe("the tooltip", () => {
  it("stands beside the point, where there is room, and never over it", () => {
    for (let left = 0; left <= 300; left += 10) {
      const at = besidePoint(left, 300, 140);
      expect(at > left || at + 140 < left).toBe(true);
    }
    expect(besidePoint(10, 300, 140)).toBeGreaterThan(10);
    expect(besidePoint(290, 300, 140)).toBeLessThan(150);
  });

  it("sorts by value and, of too many, keeps the nearest", () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({
      series: { label: `${i}`, colour: "" },
      value: i,
      distancePx: Math.abs(i - 10),
    }));
    const shown = rowsToShow(rows).map((row) => row.value);
    expect(shown).toHaveLength(12);
    expect(shown).toEqual([...shown].sort((a, b) => b - a));
    expect(shown).toContain(10);
    expect(shown).not.toContain(0);
  });
});

describe("sparkPath", () => {
  const window = { fromMs: 0, toMs: 100 };
  const size = { widthPx: 100, heightPx: 22, max: 10 };

  it("runs from the window's left to its right, high values up", () => {
    const drawing = { time: [0, 100], lines: [[0, 10]], values: [[0, 10]] };
    expect(sparkPath(drawing, window, size)).toBe("M0.0 21.0l0 0L100.0 1.0");
  });

  it("breaks at a hole and draws nothing from nothing", () => {
    const drawing = { time: [0, 50, 100], lines: [[5, null, 5]], values: [] };
    expect(sparkPath(drawing, window, size).match(/M/g)).toHaveLength(2);
    expect(sparkPath({ time: [], lines: [], values: [] }, window, size)).toBe("");
  });
});

describe("retryDelay", () => {
  it("doubles up to a quarter of a minute and always waits at least half of it", () => {
    expect(retryDelay(0, 1)).toBe(500);
    expect(retryDelay(3, 1)).toBe(4000);
    expect(retryDelay(30, 1)).toBe(15_000);
    expect(retryDelay(30, 0)).toBe(7500);
  });
});

describe("ticks of time", () => {
  const MINUTE_MS = 60_000;

  it("stand further apart where their labels have seconds", () => {
    expect(timeSpace(0, 5 * MINUTE_MS, 500)).toBeGreaterThan(timeSpace(0, 60 * MINUTE_MS, 500));
    expect(timeSpace(0, 15 * MINUTE_MS, 1400)).toBe(timeSpace(0, 5 * MINUTE_MS, 500));
    expect(timeSpace(0, 15 * MINUTE_MS, 500)).toBe(timeSpace(0, 60 * MINUTE_MS, 500));
  });
});
