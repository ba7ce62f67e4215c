import { describe, expect, it } from "vitest";
import { mappingRow, mappingRows, mappingsOf } from "../src/dashboard/edit/mappingRows";
import {
  axesByName,
  beginning,
  PROPERTIES,
  propertiesFor,
  propertyOf,
  withAxis,
} from "../src/dashboard/edit/overrides";
import type { Mapping, Override } from "../src/dashboard/model";

const override = (name: string, ...properties: [id: string, value: unknown][]): Override => ({
  matcher: { id: "byName", options: name },
  properties: properties.map(([id, value]) => ({ id, value })),
});

describe("value mappings", () => {
  const mappings: Mapping[] = [
    {
      type: "value",
      options: { "1": { text: "on", color: "green", index: 0 }, "0": { text: "off", index: 2 } },
    },
    { type: "range", options: { from: 5, to: null, result: { text: "odd", index: 1 } } },
    { type: "special", options: { match: "null+nan", result: { text: "-", index: 3 } } },
  ];

  it("are rows in the order of their indices, and come back as they were", () => {
    const rows = mappingRows(mappings);
    expect(rows.map(({ type, result }) => [type, result.text])).toEqual([
      ["value", "on"],
      ["range", "odd"],
      ["value", "off"],
      ["special", "-"],
    ]);
    expect(mappingsOf(rows)).toEqual(mappings);
  });

  it("of another kind are kept as they are", () => {
    const own = { type: "somebodys", options: { a: 1 } } as unknown as Mapping;
    expect(mappingsOf([...mappingRows([own]), mappingRow("regex", [], { text: "$1" })])).toEqual([
      own,
      { type: "regex", options: { pattern: "/(.*)/", result: { text: "$1", index: 1 } } },
    ]);
  });

  it("begin with a value that no other has", () => {
    expect(mappingRow("value", mappingRows(mappings))).toEqual({ type: "value", key: "2", result: {} });
    expect(mappingRow("value", [])).toMatchObject({ key: "0" });
  });
});

describe("settings of single series", () => {
  it("are offered for the kinds that draw them, and once", () => {
    const ids = (type: string, one: Override): string[] => propertiesFor(type, one).map(({ id }) => id);
    expect(ids("timeseries", override("a"))).toContain("custom.axisPlacement");
    expect(ids("timeseries", override("a", ["unit", "watt"]))).not.toContain("unit");
    expect(ids("stat", override("a"))).not.toContain("custom.drawStyle");
    expect(ids("table", override("a"))).toContain("custom.cellOptions");
    expect(new Set(PROPERTIES.map(({ id }) => id)).size).toBe(PROPERTIES.length);
  });

  it("begin as Grafana writes them", () => {
    expect(propertyOf("color")?.begin).toEqual({ mode: "fixed", fixedColor: "red" });
    expect(propertyOf("custom.stacking")?.begin).toEqual({ mode: "normal", group: "A" });
    expect(propertyOf("custom.lineStyle")?.begin).toEqual({ fill: "dash", dash: [10, 10] });
    expect(propertyOf("custom.hideFrom")?.begin).toEqual({ legend: false, tooltip: false, viz: true });
    expect(beginning("byFrameRefID", { name: "a", refId: "B" })).toBe("B");
    expect(beginning("byName", { name: "a", refId: "B" })).toBe("a");
  });

  it("put a series on another axis and back, and leave the rest alone", () => {
    const before = [override("a", ["unit", "watt"])];
    const moved = withAxis(before, "a", "right");
    expect(moved).toEqual([override("a", ["unit", "watt"], ["custom.axisPlacement", "right"])]);
    expect(withAxis(moved, "a", "auto")).toEqual(before);
    const made = withAxis(before, "b", "right");
    expect(made).toEqual([...before, override("b", ["custom.axisPlacement", "right"])]);
    expect(axesByName(made)).toEqual(new Map([["b", "right"]]));
    expect(withAxis(made, "b", "auto")).toEqual(before);
    expect(withAxis(before, "b", "auto")).toEqual(before);
  });
});
