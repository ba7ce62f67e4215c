import { describe, expect, it } from "vitest";
import { chart, part } from "../src/chart";
import {
  dropBefore,
  lowerBound,
  medianSpacing,
  mergeTail,
  MOST_SERIES,
  statistics,
  toColumns,
  type Columns,
} from "../src/data";

const columns = (time: number[], series: Record<string, (number | null)[]>): Columns => ({
  time,
  series: Object.entries(series).map(([key, values]) => ({ key, label: key, field: key, values })),
  omitted: 0,
});
const valuesOf = (from: Columns): Record<string, unknown> =>
  Object.fromEntries(from.series.map((series) => [series.label, series.values]));

describe("toColumns", () => {
  const net = part({
    measurement: "net",
    fields: ["recv", "sent"],
    groupBy: ["interface"],
    factors: { sent: -1 },
    keep: (tags) => tags["interface"] !== "lo",
  });

  it("scales, filters, names and sorts the series of an answer", () => {
    const result = {
      id: "0.0",
      time_ms: [10, 20],
      series: [
        { field: "recv", tags: { interface: "wlan0" }, values: [1, null] },
        { field: "sent", tags: { interface: "wlan0" }, values: [2, 3] },
        { field: "recv", tags: { interface: "eth10" }, values: [4, 5] },
        { field: "recv", tags: { interface: "eth2" }, values: [6, 7] },
        { field: "recv", tags: { interface: "lo" }, values: [8, 9] },
      ],
    };
    const made = toColumns(chart({ id: "net", title: "", parts: [net] }), [result]);
    expect(made.series.map((series) => series.label)).toEqual([
      "eth2 recv",
      "eth10 recv",
      "wlan0 recv",
      "wlan0 sent",
    ]);
    expect(valuesOf(made)).toMatchObject({ "wlan0 recv": [1, null], "wlan0 sent": [-2, -3] });
  });

  it("joins the parts on one time axis", () => {
    const parts = [
      part({ measurement: "temp", fields: ["temp"], names: { temp: "chip" } }),
      part({ measurement: "cpu_temperature", fields: ["value"], names: { value: "CPU" }, factor: 0.001 }),
    ];
    const made = toColumns(chart({ id: "t", title: "", parts }), [
      { id: "a", time_ms: [10, 30], series: [{ field: "temp", tags: {}, values: [40, 42] }] },
      { id: "b", time_ms: [20, 30], series: [{ field: "value", tags: {}, values: [50000, 51000] }] },
    ]);
    expect(made.time).toEqual([10, 20, 30]);
    expect(valuesOf(made)).toEqual({ chip: [40, null, 42], CPU: [null, 50, 51] });
  });

  it("throws what one of its answers complains of", () => {
    const bare = chart({ id: "x", title: "", parts: [net] });
    expect(() => toColumns(bare, [{ id: "0.0", error: "measurement not found" }])).toThrow(
      "measurement not found",
    );
    expect(toColumns(bare, [undefined])).toEqual({ time: [], series: [], omitted: 0 });
  });

  it("draws a readable number of series and counts the rest", () => {
    const series = Array.from({ length: 40 }, (_, i) => ({
      field: "recv",
      tags: { interface: `e${i}` },
      values: [i],
    }));
    const made = toColumns(chart({ id: "x", title: "", parts: [net] }), [
      { id: "0.0", time_ms: [1], series },
    ]);
    expect(made.series).toHaveLength(MOST_SERIES);
    expect(made.omitted).toBe(40 - MOST_SERIES);
  });
});

describe("mergeTail", () => {
  it("replaces everything from the tail's beginning", () => {
    const merged = mergeTail(
      columns([10, 20, 30], { a: [1, 2, 3] }),
      columns([10, 30, 40], { a: [9, 33, 4] }),
      30,
    );
    expect(merged.time).toEqual([10, 20, 30, 40]);
    expect(valuesOf(merged)).toEqual({ a: [1, 2, 33, 4] });
  });

  it("keeps a series the tail lacks and takes up one that is new", () => {
    const merged = mergeTail(
      columns([10, 20], { a: [1, 2], b: [5, 6] }),
      columns([20, 30], { a: [2, 3], c: [7, 8] }),
      20,
    );
    expect(valuesOf(merged)).toEqual({ a: [1, 2, 3], b: [5, null, null], c: [null, 7, 8] });
  });

  it("removes a bucket that is gone", () => {
    expect(mergeTail(columns([10, 20], { a: [1, 2] }), columns([], {}), 20)).toEqual(
      columns([10], { a: [1] }),
    );
  });

  it("inserts points that came late", () => {
    const merged = mergeTail(columns([10, 40], { a: [1, 4] }), columns([20, 30, 40], { a: [2, 3, 4] }), 20);
    expect(valuesOf(merged)).toEqual({ a: [1, 2, 3, 4] });
  });
});

describe("cutting and summing up", () => {
  it("keeps one row before the window", () => {
    expect(dropBefore(columns([10, 20, 30, 40], { a: [1, 2, 3, 4] }), 30)).toEqual(
      columns([20, 30, 40], { a: [2, 3, 4] }),
    );
    const whole = columns([10, 20], { a: [1, 2] });
    expect(dropBefore(whole, 5)).toBe(whole);
  });

  it("finds places in ascending lists", () => {
    expect([0, 10, 15, 20, 25].map((value) => lowerBound([10, 20], value))).toEqual([0, 0, 1, 1, 2]);
  });

  it("measures the spacing between values, not between rows", () => {
    expect(medianSpacing([0, 2, 4, 6, 8, 10, 100], [1, null, 2, null, 3, 4, 5])).toBe(4);
    expect(medianSpacing([5], [1])).toBe(0);
  });

  it("gives figures of the window only", () => {
    const all = columns([10, 20, 30, 40], { a: [100, 4, null, 2] });
    const [a] = all.series;
    if (a === undefined) throw new Error("no series");
    expect(statistics(all, a, 20, 40)).toEqual({ last: 2, min: 2, mean: 3, max: 4, points: 2, lastMs: 40 });
    expect(statistics(all, a, 50, 60)).toEqual({
      last: null,
      min: null,
      mean: null,
      max: null,
      points: 0,
      lastMs: 0,
    });
    expect(statistics(all, a, 0, Infinity).points).toBe(3);
  });
});
