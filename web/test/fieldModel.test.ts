import { describe, expect, it } from "vitest";
import { showFrames, thresholdColour } from "../src/dashboard/fieldModel";
import type { FieldConfig, Override } from "../src/dashboard/model";
import type { Frame } from "../src/dashboard/panel";

const frame: Frame = {
  refId: "A",
  name: "cpu",
  fields: [
    { name: "Time", type: "time", values: [0, 1000] },
    { name: "load", type: "number", values: [10, 90] },
  ],
};

function shown(defaults: FieldConfig, overrides: readonly Override[] = []) {
  const context = { defaults, overrides, theme: "dark" as const, utc: true, expand: (text: string) => text };
  const field = showFrames([frame], context)[0]?.fields[1];
  if (field === undefined) throw new Error("no field");
  return field;
}

const steps = [
  { value: null, color: "green" },
  { value: 50, color: "orange" },
  { value: 80, color: "red" },
];

describe("thresholds", () => {
  it.each([
    [49.9, "absolute", "green"],
    [50, "absolute", "orange"],
    [80, "absolute", "red"],
    [-5, "absolute", "green"],
  ] as const)("%d %s", (value, mode, expected) => {
    expect(thresholdColour(value, 0, { mode, steps })).toBe(expected);
  });

  it("measures percentages between min and max", () => {
    const field = shown({
      min: 0,
      max: 1000,
      color: { mode: "thresholds" },
      thresholds: { mode: "percentage", steps },
    });
    expect(field.show(600).colour).toBe("#FF9830");
    expect(field.show(300).colour).toBe("#73BF69");
  });
});

describe("overrides", () => {
  it.each([
    [{ id: "byName", options: "load" }, "load of all"],
    [{ id: "byRegexp", options: "/^lo/" }, "load of all"],
    [{ id: "byRegexp", options: "oa" }, "load"],
    [{ id: "byType", options: "number" }, "load of all"],
    [{ id: "byFrameRefID", options: "B" }, "load"],
    [{ id: "byFrameRefID", options: "A" }, "load of all"],
  ])("%o", (matcher, expected) => {
    const field = shown({}, [{ matcher, properties: [{ id: "displayName", value: "load of all" }] }]);
    expect(field.title).toBe(expected);
  });

  it("does not let a property reach the prototype", () => {
    shown({}, [
      { matcher: { id: "byName", options: "load" }, properties: [{ id: "__proto__.x", value: 1 }] },
    ]);
    expect(({} as { x?: number }).x).toBeUndefined();
  });
});

describe("a column of times", () => {
  it.each(["percent", "bytes", "s"])("stays one when the panel's unit is %s", (unit) => {
    const context = { defaults: { unit }, overrides: [], theme: "dark" as const, utc: true };
    const [time, load] = showFrames([frame], { ...context, expand: (text) => text })[0]?.fields ?? [];
    expect(time?.show(1000).text).toBe("1970-01-01 00:00:01");
    expect(load?.show(10).suffix).not.toBe("");
  });
});

describe("mappings", () => {
  it.each<[string, FieldConfig["mappings"], number | null, string]>([
    ["value", [{ type: "value", options: { "10": { text: "ten" } } }], 10, "ten"],
    ["range", [{ type: "range", options: { from: 5, to: null, result: { text: "many" } } }], 90, "many"],
    ["regex", [{ type: "regex", options: { pattern: "/^9(.)$/", result: { text: "n$1" } } }], 90, "n0"],
    ["special", [{ type: "special", options: { match: "null", result: { text: "N/A" } } }], null, "N/A"],
    ["none", [], 90, "90"],
  ])("%s", (_, mappings, value, expected) => {
    expect(shown({ mappings: mappings ?? [] }).show(value).text).toBe(expected);
  });
});
