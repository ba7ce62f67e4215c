import { describe, expect, it } from "vitest";
import { barSpan, type Bar } from "../src/dashboard/bars";
import { scaleOptions } from "../src/dashboard/canvasOptions";
import { spun, withAlpha } from "../src/dashboard/colours";
import { showFrames } from "../src/dashboard/fieldModel";
import { footLines } from "../src/dashboard/footer";
import { gradientStops, throughStops } from "../src/dashboard/gradient";
import type { FieldConfig, Override, Scalar } from "../src/dashboard/model";
import type { ShownField, ShownFrame } from "../src/dashboard/panel";
import { tiltedHighPx } from "../src/dashboard/panels/BarNames";
import { pictureOf } from "../src/dashboard/panels/lines";
import { firstSort } from "../src/dashboard/panels/Table";

type Span = (plot: null, low: number | null, high: number | null) => readonly [number, number];
const TIMES = [0, 60_000, 600_000];

function shown(
  defaults: FieldConfig,
  columns: Readonly<Record<string, readonly Scalar[]>>,
  overrides: readonly Override[] = [],
): ShownFrame {
  const fields = Object.entries(columns).map(([name, values]) => ({
    name,
    type: name === "Time" ? ("time" as const) : ("number" as const),
    values,
  }));
  const context = { defaults, overrides, theme: "dark" as const, utc: true, expand: (text: string) => text };
  return showFrames([{ refId: "A", name: "", fields }], context)[0] as ShownFrame;
}

const fieldOf = (defaults: FieldConfig, values: readonly Scalar[] = [0, 50, 100]): ShownField =>
  shown(defaults, { Time: TIMES, value: values }).fields[1] as ShownField;

const LINEAR = { valueAt: (share: number) => share * 100, shareOf: (value: number) => value / 100 };
const STEPS = {
  mode: "absolute" as const,
  steps: [
    { value: null, color: "green" },
    { value: 80, color: "red" },
  ],
};

describe("colours seen through", () => {
  it("keeps what a colour already has", () => {
    expect(withAlpha("#ff0000", 0.5)).toBe("rgba(255, 0, 0, 0.5)");
    expect(withAlpha("#f00", 1)).toBe("rgba(255, 0, 0, 1)");
    expect(withAlpha("rgba(1, 2, 3, 0.5)", 0.5)).toBe("rgba(1, 2, 3, 0.25)");
    expect(withAlpha("steelblue", 0.5)).toBe("steelblue");
  });

  it("turns hues on the wheel", () => {
    expect(spun("#ff0000", 120, 0)).toBe("rgba(0, 255, 0, 1)");
    expect(spun("#808080", 90, 0)).toBe("rgba(128, 128, 128, 1)");
    expect(spun("var(--ink)", 90, 0)).toBe("var(--ink)");
  });
});

describe("gradients", () => {
  it("have an edge where the value reaches a threshold", () => {
    const field = fieldOf({ color: { mode: "thresholds" }, thresholds: STEPS });
    const stops = gradientStops(field, "scheme", LINEAR, "dark") ?? [];
    expect(stops.map(({ share }) => share)).toEqual([0, 0.8, 0.8, 1]);
    expect(stops.map(({ colour }) => colour)).toEqual(["#73BF69", "#73BF69", "#F2495C", "#F2495C"]);
  });

  it("follow a continuous scheme from least to most", () => {
    const field = fieldOf({ color: { mode: "continuous-GrYlRd" }, min: 0, max: 100 });
    const stops = gradientStops(field, "scheme", LINEAR, "dark") ?? [];
    expect(stops[0]?.colour).toBe("rgb(115, 191, 105)");
    expect(stops.at(-1)?.colour).toBe("rgb(242, 73, 92)");
  });

  it("are none where there is no scheme of values", () => {
    expect(gradientStops(fieldOf({}), "scheme", LINEAR, "dark")).toBeNull();
    expect(gradientStops(fieldOf({}), "none", LINEAR, "dark")).toBeNull();
  });

  it("end in nothing by opacity, and are seen through as the fill is", () => {
    const stops = gradientStops(fieldOf({}), "opacity", LINEAR, "dark") ?? [];
    expect(throughStops(stops, 0.5).map(({ colour }) => colour)).toEqual([
      "rgba(115, 191, 105, 0)",
      "rgba(115, 191, 105, 0.5)",
    ]);
  });
});

describe("lines over time", () => {
  const picture = (custom: Readonly<Record<string, unknown>>) =>
    pictureOf([shown({ custom }, { Time: TIMES, value: [5, 7, 9] })]);

  it("have a hole where they say how long one is", () => {
    expect(picture({ insertNulls: 120_000 }).lines[0]?.drawn).toEqual([5, 7, null, 9]);
    expect(picture({ insertNulls: false }).lines[0]?.drawn).toEqual([5, 7, 9]);
  });

  it("stay at their first value where that is asked", () => {
    expect(picture({ transform: "constant" }).lines[0]?.drawn).toEqual([5, 5, 5]);
  });

  it("tell how their axis looks", () => {
    const [scale] = picture({
      axisColorMode: "series",
      axisWidth: 80,
      axisGridShow: false,
      scaleDistribution: { type: "symlog", linearThreshold: 10 },
    }).scales;
    expect(scale?.look).toEqual({ colour: "#73BF69", widthPx: 80, border: false, grid: false });
    expect(scale?.linearTo).toBe(10);
  });

  it("have an axis that can be drawn whatever its options are", () => {
    for (const linearThreshold of [0, -5, "10", null]) {
      const scaleDistribution = { type: "symlog", linearThreshold };
      expect(picture({ scaleDistribution }).scales[0]?.linearTo).toBe(1);
    }
    const widths = [-1, 1e9, "80"].map((axisWidth) => picture({ axisWidth }).scales[0]?.look.widthPx);
    expect(widths).toEqual([null, 300, null]);
  });

  it("have room on an axis that is linear near zero where all values are 0", () => {
    const scaleDistribution = { type: "symlog", linearThreshold: 10 };
    const [scale] = picture({ scaleDistribution }).scales;
    const { range } = scaleOptions(scale as NonNullable<typeof scale>);
    const ends = (low: number | null, high: number | null) => (range as unknown as Span)(null, low, high);
    expect(ends(0, 0)).toEqual([-10, 10]);
    expect(ends(null, null)).toEqual([-10, 10]);
    expect(ends(0, 50)).toEqual([0, 100]);
  });

  it("begin and end a logarithmic axis where the panel says so, and at whole powers elsewhere", () => {
    const scaleDistribution = { type: "log", log: 10 };
    const ends = (limits: { min?: number; max?: number }, low: number | null, high: number | null) => {
      const [scale] = picture({ scaleDistribution }).scales;
      const { range } = scaleOptions({ ...(scale as NonNullable<typeof scale>), ...limits });
      return (range as unknown as Span)(null, low, high);
    };
    expect(ends({}, 3, 400)).toEqual([1, 1000]);
    expect(ends({ min: 2, max: 500 }, 3, 400)).toEqual([2, 500]);
    expect(ends({ min: 0, max: -1 }, 3, 400)).toEqual([1, 1000]);
    expect(ends({ min: 5000 }, 3, 400)).toEqual([5000, 50_000]);
    expect(ends({ max: 0.5 }, 3, 400)).toEqual([0.05, 0.5]);
    expect(ends({}, null, null)).toEqual([null, null]);
    expect(ends({ min: 2 }, null, null)).toEqual([2, 20]);
  });

  it("count no holes in their legend", () => {
    expect(picture({ insertNulls: 120_000 }).lines[0]?.field.values).toEqual([5, 7, 9]);
  });
});

describe("the foot of a table", () => {
  const { fields } = shown({ unit: "celsius", decimals: 1 }, { Time: TIMES, a: [1, 2, 6], b: [1, 1, 1] });
  const foot = (footer: Readonly<Record<string, unknown>>) =>
    footLines(fields, { footer: { show: true, ...footer } }).map((line) =>
      line.map(({ label, text }) => label + text),
    );

  it("reduces every column of numbers, or those that are named", () => {
    expect(foot({ reducer: ["mean"] })).toEqual([["Mean", "3.0 °C", "1.0 °C"]]);
    expect(foot({ reducer: ["sum"], fields: ["a"] })).toEqual([["Total", "9.0 °C", ""]]);
  });

  it("counts without a unit, values or rows", () => {
    expect(foot({ reducer: ["count"] })).toEqual([["Count", "3", "3"]]);
    expect(foot({ reducer: ["count"], countRows: true })).toEqual([["Count3", "", ""]]);
  });

  it("is absent where it is not wanted", () => {
    expect(foot({ show: false, reducer: ["sum"] })).toEqual([]);
    expect(foot({ reducer: [] })).toEqual([]);
  });

  it("has the lines of columns that have their own", () => {
    const custom = { footer: { reducers: ["max", "min"] } };
    const own = shown({}, { Time: TIMES, a: [1, 2, 6] }, [
      {
        matcher: { id: "byName", options: "a" },
        properties: [{ id: "custom.footer", value: custom.footer }],
      },
    ]);
    const both = [
      { label: "Max", text: "6" },
      { label: "Min", text: "1" },
    ];
    expect(footLines(own.fields, {}).map((line) => line[1])).toEqual(both);
    const byPath = shown({}, { Time: TIMES, a: [1, 2, 6] }, [
      {
        matcher: { id: "byName", options: "a" },
        properties: [{ id: "custom.footer.reducers", value: ["max", "min"] }],
      },
    ]);
    expect(footLines(byPath.fields, {}).map((line) => line[1])).toEqual(both);
  });
});

describe("tables and bars", () => {
  it("are sorted by a column's name, or its place as before", () => {
    const { fields } = shown({}, { Time: TIMES, a: [1, 2, 3] });
    expect(firstSort({ sortBy: [{ column: 1, desc: true }] }, fields)).toEqual({ column: "a", falls: true });
    expect(firstSort({ sortBy: [{ displayName: "Time" }] }, fields)).toEqual({
      column: "Time",
      falls: false,
    });
    expect(firstSort({ sortBy: [{ column: 7 }] }, fields)).toBeNull();
  });

  it("begin where a panel says", () => {
    const bars: Bar[] = [{ series: 0, group: 0, from: 0, to: 90, value: 90 }];
    expect(barSpan(bars, [fieldOf({})])).toEqual([0, 90]);
    expect(barSpan(bars, [fieldOf({ custom: { axisSoftMin: 80 } })])).toEqual([80, 90]);
    expect(barSpan(bars, [fieldOf({ min: 50, max: 100 })])).toEqual([50, 100]);
    const [low, high] = barSpan(bars, [fieldOf({ min: 1e20, max: 1e20 })]);
    expect(high).toBeGreaterThan(low);
  });

  it("leave room for tilted names", () => {
    const straight = { degrees: 0, spacingPx: 0, lettersMost: Infinity };
    const flat = tiltedHighPx(["a long name"], straight);
    expect(tiltedHighPx(["a long name"], { ...straight, degrees: -45 })).toBeGreaterThan(flat);
    expect(tiltedHighPx(["a long name"], { ...straight, degrees: 45, lettersMost: 2 })).toBeLessThan(
      tiltedHighPx(["a long name"], { ...straight, degrees: 45 }),
    );
  });
});
