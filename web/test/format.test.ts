import { describe, expect, it } from "vitest";
import { formatAgo, formatCount, formatSpan, formatTicks, formatValue, prefixFor } from "../src/format";
import { UNITS } from "../src/units";

const plain = (text: string): string => text.replaceAll("\u00a0", " ").replaceAll("\u202f", " ");

describe("formatValue", () => {
  it.each([
    [null, UNITS.percent, "—"],
    [Number.NaN, UNITS.percent, "—"],
    [12.345, UNITS.percent, "12.3 %"],
    [0, UNITS.percent, "0.0 %"],
    [100, UNITS.percent, "100 %"],
    [1.5 * 1024 ** 3, UNITS.bytes, "1.50 GiB"],
    [512, UNITS.bytes, "512 B"],
    [123_456, UNITS.byteRate, "123 kB/s"],
    [0.25, UNITS.byteRate, "0.25 B/s"],
    [47.26, UNITS.celsius, "47.3 °C"],
    [-4, UNITS.celsius, "−4.00 °C"],
    [1234, UNITS.count, "1234"],
    [12_345, UNITS.count, "12.3 k"],
    [0.0999, UNITS.perSecond, "0.10/s"],
    [2100, UNITS.perSecond, "2.10 k/s"],
    [0.0123, UNITS.volt, "12.3 mV"],
    [0.004, UNITS.seconds, "4.00 ms"],
    [7200, UNITS.seconds, "2.00 h"],
  ])("writes %s in %o as %s", (value, unit, text) => {
    expect(plain(formatValue(value, unit))).toBe(text);
  });

  it("does not show a thousand of the smaller prefix", () => {
    expect(plain(formatValue(999.8 * 1000, UNITS.byteRate))).toBe("1.00 MB/s");
  });

  it("never writes minus zero", () => {
    expect(plain(formatValue(-0.001, UNITS.percent))).not.toContain("−0.0 ");
    expect(plain(formatValue(-0.00001, UNITS.celsius))).toBe("0.000 °C");
  });
});

describe("formatTicks", () => {
  it("gives all ticks of an axis one prefix and the digits of the step", () => {
    const ticks = [0, 0.5, 1, 1.5].map((gib) => gib * 1024 ** 3);
    expect(formatTicks(ticks, UNITS.bytes).map(plain)).toEqual(["0.0 GiB", "0.5 GiB", "1.0 GiB", "1.5 GiB"]);
  });

  it("shows no decimals where none are needed", () => {
    expect(formatTicks([0, 20, 40], UNITS.percent).map(plain)).toEqual(["0 %", "20 %", "40 %"]);
  });

  it("bears an axis without ticks", () => {
    expect(formatTicks([], UNITS.percent)).toEqual([]);
  });
});

describe("lengths and counts", () => {
  it.each([
    [0, "0 s"],
    [59_400, "59 s"],
    [60_000, "1 min"],
    [90_061_000, "1 d 1 h"],
    [86_400_000, "1 d"],
  ])("writes a span of %d ms as %s", (spanMs, text) => {
    expect(plain(formatSpan(spanMs))).toBe(text);
  });

  it.each([
    [500, "now"],
    [-2000, "now"],
    [45_000, "45 s ago"],
    [3_600_000, "60 min ago"],
    [86_400_000, "24 h ago"],
    [10 * 86_400_000, "10 d ago"],
  ])("says of %d ms: %s", (agoMs, text) => {
    expect(plain(formatAgo(agoMs))).toBe(text);
  });

  it("groups long numbers only", () => {
    expect(plain(formatCount(1234))).toBe("1234");
    expect(plain(formatCount(1_234_567))).toBe("1 234 567");
  });

  it("keeps plain units free of prefixes", () => {
    expect(prefixFor(101_325, UNITS.hectopascal)).toEqual({ divisor: 1, symbol: "hPa" });
  });
});
