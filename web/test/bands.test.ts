import { describe, expect, it } from "vitest";
import { showFrames } from "../src/dashboard/fieldModel";
import { floorOf, pictureOf } from "../src/dashboard/panels/lines";
import { field, frame } from "./transformFrames";

const frames = ["max", "min", "other"].map((name) =>
  frame([field("Time", [1, 2]), field(name, [3, 4])], name),
);

function picture(fillBelowTo: string, unitOfMin = "short") {
  return pictureOf(
    showFrames(frames, {
      defaults: { unit: "short" },
      overrides: [
        {
          matcher: { id: "byName", options: "max" },
          properties: [{ id: "custom.fillBelowTo", value: fillBelowTo }],
        },
        { matcher: { id: "byName", options: "min" }, properties: [{ id: "unit", value: unitOfMin }] },
      ],
      theme: "dark",
      utc: true,
      expand: (text) => text,
    }),
  );
}

describe("a band between two lines", () => {
  it("ends at the line that is named", () => {
    const { lines } = picture("min");
    expect(lines.map((_, i) => floorOf(lines, i))).toEqual([1, -1, -1]);
  });

  it("ends at the ground where no such line is, or it has another scale", () => {
    expect(floorOf(picture("gone").lines, 0)).toBe(-1);
    expect(floorOf(picture("min", "watt").lines, 0)).toBe(-1);
  });
});
