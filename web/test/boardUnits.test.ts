import { describe, expect, it } from "vitest";
import { formatUnit } from "../src/dashboard/format";
import { reduceValues } from "../src/dashboard/reduce";

describe("units", () => {
  it.each([
    [1536, "bytes", undefined, "1.50 KiB"],
    [1_500_000, "decbytes", 1, "1.5 MB"],
    [1234, "short", undefined, "1.23 K"],
    [999, "short", undefined, "999"],
    [0.0123, "none", undefined, "0.0123"],
    [12.34, "percent", undefined, "12.3%"],
    [0.256, "percentunit", 1, "25.6%"],
    [600, "s", 2, "10.00 mins"],
    [0.5, "s", undefined, "500 ms"],
    [172_800, "s", 1, "2.0 days"],
    [1500, "ms", 2, "1.50 s"],
    [2_000_000, "bps", undefined, "2 Mb/s"],
    [2, "KBs", undefined, "2 kB/s"],
    [2000, "kwatth", undefined, "2 MWh"],
    [1500, "pps", 1, "1.5 kp/s"],
    [1500, "iops", 1, "1.5K io/s"],
    [21.55, "celsius", 1, "21.6 °C"],
    [1234, "currencyEUR", 2, "€1.23K"],
    [3909, "dthms", undefined, "01:05:09"],
    [5400, "dtdurations", 1, "1 hour, 30 minutes"],
    [3, "suffix:cats", undefined, "3 cats"],
    [3, "prefix:#", undefined, "#3"],
    [0, "bool_on_off", undefined, "Off"],
    [3, "widgets", undefined, "3 widgets"],
    [-2048, "bytes", undefined, "-2 KiB"],
  ])("%d as %s with %s decimals", (value, unit, decimals, expected) => {
    const { prefix, text, suffix } = formatUnit(value, unit, decimals);
    expect(prefix + text + suffix).toBe(expected);
  });
});

describe("reductions", () => {
  const values = [3, null, 1, 4, 1, null];
  it.each([
    ["lastNotNull", 1],
    ["last", null],
    ["firstNotNull", 3],
    ["mean", 2.25],
    ["max", 4],
    ["min", 1],
    ["sum", 9],
    ["count", 6],
    ["range", 3],
    ["diff", -2],
    ["median", 2],
    ["current", 1],
    ["avg", 2.25],
  ])("%s", (reducer, expected) => {
    expect(reduceValues(values, reducer)).toBe(expected);
  });

  it("is null where there is nothing", () => {
    expect(reduceValues([], "mean")).toBeNull();
  });
});
