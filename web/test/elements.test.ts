import { describe, expect, test } from "vitest";
import { boxOf, elementsOf, Source, type Box } from "../src/dashboard/elements";
import { showFrames } from "../src/dashboard/fieldModel";
import { wiresOf } from "../src/dashboard/wires";

const CANVAS: Box = { leftPx: 0, topPx: 0, widthPx: 400, heightPx: 200 };

const frames = showFrames(
  [
    {
      refId: "A",
      name: "",
      fields: [
        { name: "Time", type: "time", values: [1, 2, 3] },
        { name: "load", type: "number", values: [10, 95, null] },
        { name: "flow", type: "number", values: [1, -2, -3] },
      ],
    },
  ],
  {
    defaults: {
      unit: "percent",
      color: { mode: "thresholds" },
      thresholds: {
        mode: "absolute",
        steps: [
          { value: null, color: "#00ff00" },
          { value: 90, color: "#ff0000" },
        ],
      },
    },
    overrides: [],
    theme: "dark",
    utc: true,
    expand: (text) => text,
  },
);
const source = new Source(frames, "dark", (text) => text.replace("$host", "pi"));

describe("places", () => {
  const placed = (horizontal: string, vertical: string, placement: object): number[] => {
    const { leftPx, topPx, widthPx, heightPx } = boxOf(
      { constraint: { horizontal, vertical }, placement },
      CANVAS,
    );
    return [leftPx, topPx, widthPx, heightPx];
  };
  test.each([
    ["left", "top", { left: 10, top: 20, width: 30, height: 40 }, [10, 20, 30, 40]],
    ["right", "bottom", { right: 10, bottom: 20, width: 30, height: 40 }, [360, 140, 30, 40]],
    ["leftright", "topbottom", { left: 10, right: 20, top: 30, bottom: 40 }, [10, 30, 370, 130]],
    ["center", "center", { left: 50, top: -20, width: 100, height: 40 }, [100, 100, 100, 40]],
    ["scale", "scale", { left: 25, right: 50, top: 10, bottom: 10 }, [100, 20, 100, 160]],
    ["left", "top", {}, [0, 0, 100, 100]],
    ["left", "top", { width: 1, height: -5 }, [0, 0, 10, 10]],
  ])("%s and %s", (horizontal, vertical, placement, box) => {
    expect(placed(horizontal, vertical, placement)).toEqual(box);
  });

  test("what stands in a frame is placed from its corner", () => {
    const inner = { type: "text", name: "inner", placement: { left: 5, top: 6 } };
    const frame = { type: "frame", name: "outer", placement: { left: 100, top: 50 }, elements: [inner] };
    const found = elementsOf({ elements: [frame, null, "no element"] }, CANVAS);
    expect(found.slice(0, 2).map(({ name, box }) => [name, box.leftPx, box.topPx])).toEqual([
      ["outer", 100, 50],
      ["inner", 105, 56],
    ]);
    expect(elementsOf(undefined, CANVAS)).toEqual([]);
  });
});

describe("data", () => {
  test("a text has the last value of its field with its unit, or its own words", () => {
    expect(source.text({ mode: "field", field: "load" })).toBe("95%");
    expect(source.text({ mode: "field", field: "gone", fixed: "old" })).toBe("");
    expect(source.text({ mode: "fixed", field: "load", fixed: "on $host" })).toBe("on pi");
  });

  test("a colour is that of the field's value, then the fixed one", () => {
    expect(source.colour({ field: "load", fixed: "#0000ff" })).toBe("#ff0000");
    expect(source.colour({ field: "gone", fixed: "#0000ff" })).toBe("#0000ff");
    expect(source.colour({ mode: "fixed", field: "load", fixed: "#0000ff" })).toBe("#0000ff");
    expect(source.colour({ fixed: "red;background:url(x)" })).toBe("var(--ink-muted)");
    expect(source.colour(undefined)).toBeNull();
  });
});

test("connections go from edge to edge, and the sign of a field turns their heads", () => {
  const right = { source: { x: 1, y: 0 }, target: { x: -1, y: 1 }, targetName: "b", size: { fixed: 3 } };
  const back = { ...right, direction: { mode: "field", field: "flow" }, lineStyle: { style: "dashed" } };
  const away = { source: { x: 0, y: -1 }, target: { x: 0, y: 0 }, direction: { fixed: "none" } };
  const elements = elementsOf(
    {
      elements: [
        {
          name: "a",
          placement: { left: 0, top: 0, width: 100, height: 50 },
          connections: [right, back, away],
        },
        { name: "b", placement: { left: 200, top: 100, width: 50, height: 50 } },
      ],
    },
    CANVAS,
  );
  const [there, turned, none] = wiresOf(elements, CANVAS, source);
  expect(there?.points).toEqual([
    [100, 25],
    [200, 100],
  ]);
  expect(there?.heads.map((head) => head[0])).toEqual([[200, 100]]);
  expect(turned?.heads.map((head) => head[0])).toEqual([[100, 25]]);
  expect([there?.dash, turned?.dash, there?.widthPx]).toEqual(["", "8 6", 3]);
  expect(none?.points[1]).toEqual([200, 100]);
  expect(none?.heads).toEqual([]);
});
