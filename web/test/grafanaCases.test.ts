/** Units, thresholds, reductions and legends by cases written from Grafana's documentation of them. */
import { describe, expect, it } from "vitest";
import { thresholdColour } from "../src/dashboard/fieldModel";
import { formatUnit } from "../src/dashboard/format";
import { fillAlias } from "../src/dashboard/alias";
import { chosenLines } from "../src/dashboard/panels/SeriesLegend";
import { reduceValues, REDUCER_TITLES } from "../src/dashboard/reduce";

type UnitCase = readonly [value: number, unit: string, decimals: number | undefined, shown: string];

const UNITS: readonly UnitCase[] = [
  // Misc
  [1234.5678, "none", 2, "1234.57"],
  [0, "none", 0, "0"],
  [-3.14159, "none", 3, "-3.142"],
  [1000, "short", 1, "1.0 K"],
  [1_500_000, "short", 1, "1.5 Mil"],
  [2_500_000_000, "short", 2, "2.50 Bil"],
  [7_000_000_000_000, "short", 0, "7 Tri"],
  [-4200, "short", 1, "-4.2 K"],
  [45.678, "percent", 0, "46%"],
  [45.678, "percent", 2, "45.68%"],
  [100, "percent", 0, "100%"],
  [0.5, "percentunit", 0, "50%"],
  [1.234, "percentunit", 1, "123.4%"],
  [55, "humidity", 0, "55 %H"],
  [60, "dB", 0, "60 dB"],
  [255, "hex", 0, "FF"],
  [255, "hex0x", 0, "0xFF"],
  [12345, "sci", 2, "1.23e+4"],
  [12345.6, "locale", 1, "12,345.6"],
  // Data, IEC and SI
  [1, "bytes", 0, "1 B"],
  [1024, "bytes", 0, "1 KiB"],
  [1_048_576, "bytes", 1, "1.0 MiB"],
  [1_610_612_736, "bytes", 1, "1.5 GiB"],
  [1_099_511_627_776, "bytes", 0, "1 TiB"],
  [1_125_899_906_842_624, "bytes", 0, "1 PiB"],
  [8192, "bits", 0, "8 Kib"],
  [2048, "kbytes", 0, "2 MiB"],
  [1536, "mbytes", 1, "1.5 GiB"],
  [1024, "gbytes", 0, "1 TiB"],
  [1000, "decbytes", 0, "1 kB"],
  [1_000_000, "decbytes", 0, "1 MB"],
  [2_500_000_000, "decbytes", 1, "2.5 GB"],
  [1000, "decbits", 0, "1 kb"],
  [1500, "deckbytes", 1, "1.5 MB"],
  [1500, "decmbytes", 1, "1.5 GB"],
  // Data rate
  [1000, "bps", 0, "1 kb/s"],
  [10_000_000, "bps", 0, "10 Mb/s"],
  [1_000_000_000, "bps", 0, "1 Gb/s"],
  [1000, "Bps", 0, "1 kB/s"],
  [2_500_000, "Bps", 1, "2.5 MB/s"],
  [1024, "binBps", 0, "1 KiB/s"],
  [1_048_576, "binBps", 0, "1 MiB/s"],
  [1024, "binbps", 0, "1 Kib/s"],
  [1, "KBs", 0, "1 kB/s"],
  [1000, "Kbits", 0, "1 Mb/s"],
  [5, "MBs", 0, "5 MB/s"],
  [2000, "Mbits", 0, "2 Gb/s"],
  [3, "GBs", 0, "3 GB/s"],
  [3, "Gbits", 0, "3 Gb/s"],
  [2000, "pps", 0, "2 kp/s"],
  // Throughput
  [12, "ops", 0, "12 ops/s"],
  [12_000, "ops", 0, "12K ops/s"],
  [12, "reqps", 0, "12 req/s"],
  [1500, "rps", 1, "1.5K rd/s"],
  [1500, "wps", 1, "1.5K wr/s"],
  [10, "iops", 0, "10 io/s"],
  [10, "opm", 0, "10 ops/m"],
  [10, "rpm", 0, "10 rd/m"],
  [10, "wpm", 0, "10 wr/m"],
  [1_500_000, "cps", 1, "1.5M c/s"],
  // Time
  [0.000_000_5, "s", 0, "500 ns"],
  [0.000_5, "s", 0, "500 µs"],
  [0.25, "s", 0, "250 ms"],
  [59, "s", 0, "59 s"],
  [90, "s", 1, "1.5 mins"],
  [7200, "s", 1, "2.0 hours"],
  [259_200, "s", 0, "3 days"],
  [1_209_600, "s", 0, "2 weeks"],
  [63_113_800, "s", 0, "2 years"],
  [500, "ms", 0, "500 ms"],
  [1500, "ms", 1, "1.5 s"],
  [120_000, "ms", 0, "2 mins"],
  [7_200_000, "ms", 0, "2 hours"],
  [172_800_000, "ms", 0, "2 days"],
  [999, "µs", 0, "999 µs"],
  [1500, "µs", 1, "1.5 ms"],
  [2_000_000, "µs", 0, "2 s"],
  [999, "ns", 0, "999 ns"],
  [1500, "ns", 1, "1.5 µs"],
  [90, "m", 1, "1.5 hours"],
  [45, "m", 0, "45 mins"],
  [36, "h", 1, "1.5 days"],
  [3, "h", 0, "3 hours"],
  [14, "d", 0, "2 weeks"],
  [3, "d", 0, "3 days"],
  [61, "dthms", 0, "00:01:01"],
  [90_061, "dthms", 0, "25:01:01"],
  [3600, "dtdurations", 0, "1 hour"],
  [90_000, "dtdurations", 1, "1 day, 1 hour"],
  [3000, "dtdurationms", 0, "3 seconds"],
  // Date and time, in UTC
  [0, "dateTimeAsIso", 0, "1970-01-01 00:00:00"],
  [1_700_000_000_000, "dateTimeAsIso", 0, "2023-11-14 22:13:20"],
  [1_700_000_000_000, "dateTimeAsUS", 0, "11/14/2023 10:13:20 pm"],
  [1_700_000_000_000, "time:YYYY", 0, "2023"],
  [1_700_000_000_000, "time:DD.MM.YYYY HH:mm", 0, "14.11.2023 22:13"],
  // Temperature, pressure, energy, electricity
  [21.55, "celsius", 0, "22 °C"],
  [70, "fahrenheit", 0, "70 °F"],
  [293, "kelvin", 0, "293 K"],
  [1013.2, "pressurehpa", 1, "1013.2 hPa"],
  [1013, "pressurembar", 2, "1.01 bar"],
  [500, "watt", 0, "500 W"],
  [1500, "watt", 1, "1.5 kW"],
  [2, "kwatt", 0, "2 kW"],
  [2500, "kwatt", 1, "2.5 MW"],
  [1500, "watth", 1, "1.5 kWh"],
  [1.5, "kwatth", 1, "1.5 kWh"],
  [230, "volt", 0, "230 V"],
  [0.005, "volt", 0, "5 mV"],
  [10_000, "volt", 0, "10 kV"],
  [2.5, "amp", 1, "2.5 A"],
  [0.02, "amp", 0, "20 mA"],
  [50, "hertz", 0, "50 Hz"],
  [2_400_000_000, "hertz", 1, "2.4 GHz"],
  [4700, "ohm", 1, "4.7 kΩ"],
  [2000, "joule", 0, "2 kJ"],
  [-67, "dBm", 0, "-67 dBm"],
  [1500, "voltamp", 1, "1.5 kVA"],
  // Length, mass, speed, volume, others
  [1500, "lengthm", 1, "1.5 km"],
  [12, "lengthkm", 0, "12 km"],
  [1500, "massg", 1, "1.5 kg"],
  [70, "masskg", 0, "70 kg"],
  [12, "velocityms", 0, "12 m/s"],
  [100, "velocitykmh", 0, "100 km/h"],
  [1.5, "litre", 1, "1.5 L"],
  [45, "degree", 0, "45 °"],
  [420, "ppm", 0, "420 ppm"],
  [12, "currencyUSD", 0, "$12"],
  [1500, "currencyUSD", 1, "$1.5K"],
  [9.99, "currencyEUR", 2, "€9.99"],
  [1, "bool", 0, "True"],
  [0, "bool", 0, "False"],
  [1, "bool_on_off", 0, "On"],
  [0, "bool_yes_no", 0, "No"],
  [1, "bool_yes_no", 0, "Yes"],
  // Units of one's own
  [5, "suffix:per hour", 0, "5 per hour"],
  [5, "prefix:~", 0, "~5"],
  [5000, "si:mF", 0, "5 F"],
  [1500, "count:hits", 1, "1.5K hits"],
  [12, "currency:₿", 0, "₿12"],
];

describe("units", () => {
  it.each(UNITS)("%d in %s with %s decimals is %s", (value, unit, decimals, expected) => {
    const { prefix, text, suffix } = formatUnit(value, unit, decimals, true);
    expect(prefix + text + suffix).toBe(expected);
  });
});

describe("reductions", () => {
  const some = [3, null, 1, 4, 1, null];
  const counter = [5, 8, 2, 4];
  it.each<[string, (number | null)[], unknown]>([
    ["lastNotNull", some, 1],
    ["last", some, null],
    ["firstNotNull", [null, 7, 8], 7],
    ["first", [null, 7, 8], null],
    ["min", some, 1],
    ["max", some, 4],
    ["mean", [1, 2, null, 6], 3],
    ["median", [5, 1, 3], 3],
    ["sum", some, 9],
    ["sum", [], 0],
    ["count", some, 6],
    ["range", [2, 9, 4], 7],
    ["delta", counter, 7],
    ["step", [1, 4, 6, 7], 1],
    ["diff", [2, 9, 5], 3],
    ["diffperc", [4, 5], 0.25],
    ["logmin", [0, 5, 2], 2],
    ["allIsZero", [0, 0], true],
    ["allIsZero", [0, 1], false],
    ["allIsNull", [null, null], true],
    ["allIsNull", [null, 1], false],
    ["changeCount", [1, 1, 2, 2, 1], 2],
    ["distinctCount", [1, 1, 2], 2],
    ["variance", [1, 2, 3, 4], 1.25],
    ["stdDev", [2, 4, 4, 4, 5, 5, 7, 9], 2],
    ["current", some, 1],
    ["avg", [2, 4], 3],
    ["total", [2, 4], 6],
    ["no such reduction", [2, 4], 4],
  ])("%s of %j is %s", (name, values, expected) => {
    expect(reduceValues(values, name)).toBe(expected);
  });
});

describe("thresholds", () => {
  const steps = [
    { value: null, color: "green" },
    { value: 60, color: "yellow" },
    { value: 80, color: "red" },
  ];
  it.each([
    [-1, 0, "absolute", "green"],
    [59.99, 0, "absolute", "green"],
    [60, 0, "absolute", "yellow"],
    [79.9, 0, "absolute", "yellow"],
    [80, 0, "absolute", "red"],
    [1e9, 0, "absolute", "red"],
    [5, 0.59, "percentage", "green"],
    [5, 0.6, "percentage", "yellow"],
    [5, 0.8, "percentage", "red"],
    [500, 0.1, "percentage", "green"],
  ] as const)("%d at the share %d, %s, is %s", (value, share, mode, expected) => {
    expect(thresholdColour(value, share, { mode, steps })).toBe(expected);
  });
  it("without steps everything is green", () => {
    expect(thresholdColour(5, 0, undefined)).toBe("green");
    expect(thresholdColour(5, 0, { mode: "absolute", steps: [] })).toBe("green");
  });
});

describe("legends", () => {
  it.each([
    ["lastNotNull", "Last *"],
    ["last", "Last"],
    ["mean", "Mean"],
    ["min", "Min"],
    ["max", "Max"],
    ["sum", "Total"],
    ["range", "Range"],
    ["diff", "Difference"],
    ["count", "Count"],
    ["stdDev", "StdDev"],
  ])("the column of %s is called %s", (reducer, expected) => {
    expect(REDUCER_TITLES[reducer]).toBe(expected);
  });

  const series = { measurement: "cpu.load.short", column: "mean", labels: { host: "pi", core: "0" } };
  it.each([
    ["$m", "cpu.load.short"],
    ["$measurement", "cpu.load.short"],
    ["$col", "mean"],
    ["$tag_host", "pi"],
    ["[[tag_host]]: [[col]]", "pi: mean"],
    ["$0-$2", "cpu-short"],
    ["$tag_host/$tag_core $col", "pi/0 mean"],
    ["$tag_none", "$tag_none"],
    ["plain", "plain"],
  ])("the alias %s is %s", (alias, expected) => {
    expect(fillAlias(alias, series)).toBe(expected);
  });

  it.each<[string, string[], string, boolean, string[]]>([
    ["a press isolates", [], "a", false, ["b", "c"]],
    ["a second press brings all back", ["b", "c"], "a", false, []],
    ["a press on another isolates that one", ["b", "c"], "b", false, ["a", "c"]],
    ["with Ctrl it hides one", [], "a", true, ["a"]],
    ["with Ctrl again it shows it", ["a"], "a", true, []],
    ["the last one cannot be hidden", ["a", "b"], "c", true, []],
  ])("%s", (_, hidden, pressed, ctrl, expected) => {
    expect([...chosenLines(["a", "b", "c"], new Set(hidden), pressed, ctrl)]).toEqual(expected);
  });
});
