import { describe, expect, it } from "vitest";
import { showFrames } from "../src/dashboard/fieldModel";
import { pictureOf, stack } from "../src/dashboard/panels/lines";
import { field, frame } from "./transformFrames";

function picture(custom: Record<string, unknown>, ...values: number[][]) {
  const frames = values.map((each, i) => frame([field("Time", [1, 2]), field(`s${i}`, each)], `s${i}`));
  return pictureOf(
    showFrames(frames, {
      defaults: { unit: "short", custom },
      overrides: [],
      theme: "dark",
      utc: true,
      expand: (text) => text,
    }),
  );
}

describe("bars of a time series", () => {
  it("are stacked upwards above zero and downwards below", () => {
    const { lines } = picture(
      { drawStyle: "bars", stacking: { mode: "normal", group: "A" } },
      [1, 2],
      [-3, -4],
      [10, 20],
      [-30, 0],
    );
    stack(lines, [true, true, true, true]);
    expect(lines.map(({ drawn }) => drawn)).toEqual([
      [1, 2],
      [-3, -4],
      [11, 22],
      [-33, -4],
    ]);
  });

  it("are shares of their own side, upwards and downwards", () => {
    const { lines } = picture({ drawStyle: "bars", stacking: { mode: "percent" } }, [1], [3], [-2], [-6]);
    stack(lines, [true, true, true, true]);
    expect(lines.map(({ drawn }) => drawn)).toEqual([[25], [100], [-25], [-100]]);
  });

  it("stand where the panel says", () => {
    expect(picture({ drawStyle: "bars" }, [1, 2]).lines[0]?.bars).toEqual([0, 0.8, 60]);
    const told = { drawStyle: "bars", barAlignment: -1, barWidthFactor: 0.3, barMaxWidth: 20 };
    expect(picture(told, [1, 2]).lines[0]?.bars).toEqual([-1, 0.3, 20]);
  });

  it("have zero in the middle where the panel says so", () => {
    expect(picture({ axisCenteredZero: true }, [1, 2]).scales[0]?.centred).toBe(true);
    expect(picture({}, [1, 2]).scales[0]?.centred).toBe(false);
  });
});
