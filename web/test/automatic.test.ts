import { describe, expect, it } from "vitest";
import type { FieldType } from "../src/api";
import { automaticCharts, readable } from "../src/automatic";
import { guessUnit, isCounter, UNITS, words } from "../src/units";

describe("guessUnit", () => {
  it.each([
    ["weather", "humidity", "%", 1],
    ["disk", "used_percent", "%", 1],
    ["x", "usedPercent", "%", 1],
    ["weather", "outside_temperature", "°C", 1],
    ["weather", "temp", "°C", 1],
    ["room_temperature", "value", "°C", 1],
    ["ping", "average_response_ms", "s", 0.001],
    ["http", "duration_s", "s", 1],
    ["mem", "free_bytes", "B", 1],
    ["battery", "voltage", "V", 1],
    ["battery", "cell_mv", "V", 0.001],
    ["meter", "current", "A", 1],
    ["meter", "active_power", "W", 1],
    ["meter", "energy_kwh", "Wh", 1000],
    ["weather", "pressure", "hPa", 1],
    ["air", "co2", "ppm", 1],
    ["wifi", "rssi", "dBm", 1],
    ["game", "score", "", 1],
    ["voltage", "count", "", 1],
    ["x", "s", "", 1],
  ])("takes %s %s for a value in %s", (measurement, field, symbol, factor) => {
    const found = guessUnit(measurement, field);
    expect(found.unit.symbol).toBe(symbol);
    expect(found.factor).toBe(factor);
  });

  it("splits names at every usual seam", () => {
    expect(words("usedPercent.of-RAM_total")).toEqual(["used", "percent", "of", "ram", "total"]);
  });

  it.each([
    ["requests_total", true],
    ["bytes_sent", true],
    ["rx_packets", true],
    ["total", true],
    ["energy_kwh_total", false],
    ["bytes_free", false],
    ["temperature", false],
  ])("holds %s for a counter: %s", (field, counter) => expect(isCounter(field)).toBe(counter));
});

describe("automaticCharts", () => {
  const of = (name: string, fields: Record<string, FieldType>, tags: string[] = ["host"]) =>
    automaticCharts({ schema: { name, tags, fields, last_ms: 0 }, where: { host: ["pi"] } });

  it("puts fields of one unit into one chart", () => {
    const charts = of("weather", { inside_temp: "float", outside_temp: "float", humidity: "float" });
    expect(charts.map((chart) => [chart.unit.symbol, chart.parts[0]?.fields])).toEqual([
      ["%", ["humidity"]],
      ["°C", ["inside_temp", "outside_temp"]],
    ]);
  });

  it("puts fields without unit together only when their names begin alike", () => {
    const charts = of("app", { queue_high: "integer", queue_low: "integer", score: "float" });
    expect(charts.map((chart) => chart.parts[0]?.fields)).toEqual([["queue_high", "queue_low"], ["score"]]);
  });

  it("shows the rate of what only grows", () => {
    const [chart] = of("app", { requests_total: "unsigned" });
    expect(chart?.parts[0]?.rate).toBe(true);
    expect(chart?.unit).toBe(UNITS.perSecond);
  });

  it("lists text and switches as last values, and splits by every tag but the host", () => {
    const [, list] = of("door", { angle: "float", open: "boolean", state: "string" }, [
      "host",
      "room",
      "floor",
    ]);
    expect(list?.kind).toBe("values");
    expect(list?.parts[0]).toMatchObject({
      fn: "last",
      fields: ["open", "state"],
      groupBy: ["room", "floor"],
    });
  });

  it("scales each field to the unit of the chart", () => {
    const [chart] = of("ping", { best_ms: "float", worst_s: "float" });
    expect(chart?.parts[0]?.factors).toEqual({ best_ms: 0.001, worst_s: 1 });
  });

  it("spreads a great many fields over several charts", () => {
    const fields = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`x_${i}`, "float" as const]));
    const charts = of("many", fields);
    expect(charts.map((chart) => chart.parts[0]?.fields.length)).toEqual([12, 12, 6]);
    expect(new Set(charts.map((chart) => chart.id)).size).toBe(3);
  });

  it("gives titles a person would write", () => {
    expect(of("room_temperature", { value: "float" })[0]?.title).toBe("Room temperature");
    expect(readable("co2_level")).toBe("CO2 level");
  });
});
