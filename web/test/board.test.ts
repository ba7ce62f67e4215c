import { describe, expect, it } from "vitest";
import type { Device, FieldType, Measurement } from "../src/api";
import { boardOf, keepDisk, keepInterface, sparksOf } from "../src/board";
import { queriesOf, seriesLabel } from "../src/chart";

const measurement = (name: string, tags: string[], fields: Record<string, FieldType>): Measurement => ({
  name,
  tags,
  fields,
  last_ms: 0,
});
const floats = (...names: string[]): Record<string, FieldType> =>
  Object.fromEntries(names.map((name) => [name, "float"]));
const device = (name: string, ...measurements: string[]): Device => ({
  name,
  tag: name === "" ? null : "host",
  last_ms: 0,
  measurements,
});

const SCHEMA = [
  measurement("net", ["host", "interface"], {
    bytes_recv: "integer",
    bytes_sent: "integer",
    err_in: "integer",
  }),
  measurement("cpu", ["cpu", "host"], floats("usage_user", "usage_system", "usage_idle")),
  measurement("system", ["host"], { ...floats("load1", "load5", "load15"), uptime_format: "string" }),
  measurement("mem", ["host"], { used: "integer", free: "integer", used_percent: "float" }),
  measurement("cpu_temperature", ["host"], { value: "integer" }),
  measurement("temp", ["host", "sensor"], floats("temp")),
  measurement("weather", ["host", "room"], {
    ...floats("temperature", "humidity", "pressure"),
    window_open: "boolean",
  }),
  measurement("untagged", [], floats("value")),
];

describe("boardOf", () => {
  const pi = device("pi4", "net", "cpu", "system", "mem", "cpu_temperature", "temp", "weather");
  const board = boardOf(pi, SCHEMA);

  it("puts the known measurements first, in a fixed order, and draws the others by themselves", () => {
    expect(board.map((chart) => chart.id)).toEqual([
      "cpu",
      "load",
      "mem",
      "temp",
      "net",
      "auto-weather-%",
      "auto-weather-hPa",
      "auto-weather-°C",
      "auto-weather-values",
    ]);
  });

  it("shows what makes a board fail, and no versions as a chart", () => {
    const schema = [
      measurement("board", ["host", "model"], { throttled: "integer", under_voltage: "integer" }),
      measurement("software", ["host", "name", "version"], { running: "integer" }),
    ];
    const charts = boardOf(device("pi4", "board", "software"), schema);
    expect(charts.map((chart) => chart.id)).toEqual(["board"]);
    expect(charts[0]?.parts[0]?.fields).toEqual(["under_voltage", "throttled"]);
  });

  it("asks for the total of all cores, and only for fields that exist", () => {
    const [cpu] = board;
    if (cpu === undefined) throw new Error("no chart");
    expect(queriesOf(cpu, 3)).toEqual([
      {
        id: "3.0",
        measurement: "cpu",
        fields: ["usage_user", "usage_system"],
        fn: "mean",
        rate: false,
        where: { host: ["pi4"], cpu: ["cpu-total"] },
        group_by: [],
      },
    ]);
  });

  it("turns thousandths of a degree into degrees, unless the value is a float", () => {
    const temperature = board.find((chart) => chart.id === "temp");
    expect(temperature?.parts.map((part) => part.factor)).toEqual([1, 0.001]);
    const whole = boardOf(device("pi4", "cpu_temperature"), [
      measurement("cpu_temperature", ["host"], floats("value")),
    ]);
    expect(whole[0]?.parts[0]?.factor).toBe(1);
  });

  it("draws what is sent below what is received", () => {
    const net = board.find((chart) => chart.id === "net");
    expect(net?.mirrored).toBe(true);
    expect(net?.parts[0]).toMatchObject({ rate: true, groupBy: ["interface"], factors: { bytes_sent: -1 } });
  });

  it("draws a known name with foreign fields like any other measurement", () => {
    const foreign = boardOf(device("x", "cpu"), [measurement("cpu", ["host"], floats("speed"))]);
    expect(foreign.map((chart) => chart.id)).toEqual(["auto-cpu-speed"]);
  });

  it("selects series without a host where others of the measurement have one", () => {
    const nobody = boardOf(device("", "weather", "untagged"), SCHEMA);
    const wheres = nobody.map((chart) => chart.parts[0]?.where);
    expect(wheres).toContainEqual({ host: [""] });
    expect(wheres).toContainEqual({});
  });

  it("gives every chart of a device its own id", () => {
    expect(new Set(board.map((chart) => chart.id)).size).toBe(board.length);
  });
});

describe("sparksOf", () => {
  it("shows processor, memory and temperature where they are", () => {
    const sparks = sparksOf(device("pi4", "cpu", "mem", "temp"), SCHEMA);
    expect(sparks.map((spark) => spark.id)).toEqual(["spark-cpu", "spark-mem", "spark-temp"]);
  });

  it("shows the first charts of a device that has none of them", () => {
    const sparks = sparksOf(device("esp", "weather"), SCHEMA);
    expect(sparks.map((spark) => spark.title)).toEqual(["Humidity", "Pressure", "Temperature"]);
  });
});

describe("choosing series", () => {
  const names = (key: string, list: string[], keep: typeof keepDisk): string[] => {
    const all = list.map((name) => ({ [key]: name }));
    return list.filter((_, i) => keep(all[i] ?? {}, all));
  };

  it("keeps whole disks and lone partitions", () => {
    expect(
      names("name", ["mmcblk0", "mmcblk0p1", "sda", "sda2", "loop3", "ram0", "nvme1n1p2"], keepDisk),
    ).toEqual(["mmcblk0", "sda", "nvme1n1p2"]);
  });

  it("shows the loopback only when there is nothing else", () => {
    expect(names("interface", ["lo", "eth0", "veth12ab", "all"], keepInterface)).toEqual(["eth0"]);
    expect(names("interface", ["lo"], keepInterface)).toEqual(["lo"]);
  });

  it("names a series by what tells it from the others", () => {
    const net = boardOf(device("pi4", "net"), SCHEMA)[0]?.parts[0];
    const disk = boardOf(device("p", "temp"), SCHEMA)[0]?.parts[0];
    if (net === undefined || disk === undefined) throw new Error("no chart");
    expect(seriesLabel(net, "bytes_recv", { interface: "eth0" })).toBe("eth0 received");
    expect(seriesLabel(disk, "temp", { sensor: "cpu_thermal" })).toBe("cpu_thermal");
  });
});
