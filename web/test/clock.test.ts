import { describe, expect, it } from "vitest";
import {
  formatClock,
  formatDayClock,
  formatInput,
  formatRange,
  formatTimeTicks,
  zoneName,
} from "../src/clock";

const noon = Date.UTC(2026, 10, 22, 12, 5, 30);

describe("times in UTC", () => {
  it("writes clock and day", () => {
    expect(formatClock(noon, true)).toBe("12:05:30");
    expect(formatClock(noon, true, false)).toBe("12:05");
    expect(formatDayClock(noon, true)).toBe("22 Nov 12:05:30");
  });

  it("writes what the range inputs read", () => {
    expect(formatInput(noon, true)).toBe("2026-11-22 12:05:30");
    expect(formatInput(noon - 30_000, true)).toBe("2026-11-22 12:05");
  });

  it("names the day of a range's end only when it is another one", () => {
    const hour = 3_600_000;
    expect(formatRange(noon, noon + hour, true)).toBe("22 Nov 12:05 – 13:05");
    expect(formatRange(noon, noon + 24 * hour, true)).toBe("22 Nov 12:05 – 23 Nov 12:05");
    expect(formatRange(noon, noon + 60_000, true)).toBe("22 Nov 12:05:30 – 12:06:30");
  });

  it("shows seconds on fine ticks and the date at midnight", () => {
    const midnight = Date.UTC(2026, 10, 23);
    expect(formatTimeTicks([midnight - 30_000, midnight], 30_000, true)).toEqual(["23:59:30", "23 Nov"]);
    expect(formatTimeTicks([midnight - 60_000], 60_000, true)).toEqual(["23:59"]);
    expect(formatTimeTicks([noon], 86_400_000, true)).toEqual(["22 Nov"]);
  });

  it("names the zone", () => {
    expect(zoneName(true, noon)).toBe("UTC");
    expect(zoneName(false, noon)).toMatch(/UTC/);
  });
});
