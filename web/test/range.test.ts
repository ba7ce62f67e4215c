import { describe, expect, it } from "vitest";
import {
  formatSpanCode,
  intervalFor,
  parseInstant,
  parseRange,
  parseSpan,
  windowOf,
  zoomedRange,
} from "../src/range";

const now = Date.UTC(2026, 10, 22, 14, 30, 0);
const minute = 60_000;

describe("parseSpan", () => {
  it.each([
    ["15m", 15 * minute],
    ["24h", 1440 * minute],
    ["90 s", 90_000],
    ["1.5h", 90 * minute],
    ["2w", 14 * 1440 * minute],
  ])("reads %s", (text, spanMs) => expect(parseSpan(text)).toBe(spanMs));

  it.each(["", "15", "m", "-5m", "0m", "5y"])("refuses %j", (text) =>
    expect(parseSpan(text)).toBeUndefined(),
  );

  it.each(["5m", "90s", "24h", "7d", "30d", "1h"])("writes %s back as it was", (code) => {
    expect(formatSpanCode(parseSpan(code) ?? 0)).toBe(code);
  });
});

describe("parseInstant", () => {
  it.each([
    ["now", now],
    ["now-6h", now - 360 * minute],
    ["NOW - 15m", now - 15 * minute],
    ["2026-11-22 14:00", Date.UTC(2026, 10, 22, 14)],
    ["2026-11-22T14:00:05.250Z", Date.UTC(2026, 10, 22, 14, 0, 5, 250)],
    ["2026-11-21", Date.UTC(2026, 10, 21)],
    ["09:15", Date.UTC(2026, 10, 22, 9, 15)],
    ["1795357800000", 1795357800000],
  ])("reads %s", (text, timeMs) => expect(parseInstant(text, now, true)).toBe(timeMs));

  it.each(["", "yesterday", "now+5m", "2026-02-30", "2026-13-01", "25:00", "12:60"])("refuses %j", (text) => {
    expect(parseInstant(text, now, true)).toBeUndefined();
  });
});

describe("parseRange", () => {
  it("is live when it ends now", () => {
    expect(parseRange("now-6h", "now", now, true)).toEqual({ kind: "live", spanMs: 360 * minute });
    expect(parseRange("14:00", "", now, true)).toEqual({ kind: "live", spanMs: 30 * minute });
  });

  it("is fixed between two instants", () => {
    const range = parseRange("now-2h", "now-1h", now, true);
    expect(range).toEqual({ kind: "fixed", fromMs: now - 120 * minute, toMs: now - 60 * minute });
  });

  it.each([
    ["x", "now", "“x” is not a time"],
    ["now-1h", "y", "“y” is not a time"],
    ["now", "now-1h", "begin at least 5 seconds before"],
    ["1900-01-01", "now", "longer than 20 years"],
  ])("says what is wrong with %s to %s", (from, to, message) => {
    expect(parseRange(from, to, now, true)).toContain(message);
  });
});

describe("windows and intervals", () => {
  it("slides a live window and keeps a fixed one", () => {
    expect(windowOf({ kind: "live", spanMs: 5 * minute }, now)).toEqual({
      fromMs: now - 5 * minute,
      toMs: now,
    });
    expect(windowOf({ kind: "fixed", fromMs: 1, toMs: 9 }, now)).toEqual({ fromMs: 1, toMs: 9 });
  });

  it("never zooms in below five seconds", () => {
    expect(zoomedRange(10_000, 10_010)).toEqual({ kind: "fixed", fromMs: 7505, toMs: 12505 });
  });

  it.each([
    [5 * minute, 440, 2000],
    [15 * minute, 440, 5000],
    [60 * minute, 440, 20_000],
    [10_000, 440, 1000],
  ])("gives %d ms on %d px buckets of %d ms", (spanMs, widthPx, intervalMs) => {
    expect(intervalFor(spanMs, widthPx)).toBe(intervalMs);
  });

  it("stays below the hub's limit of buckets for any span", () => {
    for (let spanMs = 5000; spanMs < 20 * 366 * 86_400_000; spanMs *= 1.7) {
      expect(spanMs / intervalFor(spanMs, 4000)).toBeLessThan(2001);
    }
  });
});
