/** Which charts a device gets: Telegraf's measurements in a fixed order, then everything else by itself. */
import type { Device, Measurement } from "./api";
import { automaticCharts } from "./automatic";
import { chart, part, type Chart, type Part, type Tags } from "./chart";
import { UNITS } from "./units";

/** One measurement of one device: what the schema knows, and the condition that selects the device. */
export interface Source {
  readonly schema: Measurement;
  readonly where: Readonly<Record<string, readonly string[]>>;
}

type Sources = ReadonlyMap<string, Source>;
type Recipe = (sources: Sources) => Chart | null;

/** The fields of `wanted` that the measurement really has. */
function has(source: Source | undefined, wanted: readonly string[]): string[] {
  return source === undefined ? [] : wanted.filter((field) => field in source.schema.fields);
}

function simple(
  sources: Sources,
  measurement: string,
  names: Readonly<Record<string, string>>,
  changes: Partial<Part> = {},
): Part | null {
  const source = sources.get(measurement);
  const fields = has(source, Object.keys(names));
  if (source === undefined || fields.length === 0) return null;
  const groupBy = (changes.groupBy ?? []).filter((tag) => source.schema.tags.includes(tag));
  return part({
    measurement,
    names,
    ...changes,
    fields,
    groupBy,
    where: { ...source.where, ...changes.where },
  });
}

function charted(
  parts: readonly (Part | null)[],
  changes: Pick<Chart, "id" | "title"> & Partial<Chart>,
): Chart | null {
  const present = parts.filter((part) => part !== null);
  if (present.length === 0) return null;
  const source = present.map((part) => part.measurement).join(", ");
  return chart({ source, ...changes, parts: present });
}

const CPU_MODES = {
  usage_user: "user",
  usage_system: "system",
  usage_nice: "nice",
  usage_iowait: "iowait",
  usage_irq: "irq",
  usage_softirq: "softirq",
  usage_steal: "steal",
};

const cpu: Recipe = (sources) => {
  const total = sources.get("cpu")?.schema.tags.includes("cpu") === true ? { cpu: ["cpu-total"] } : {};
  return charted([simple(sources, "cpu", CPU_MODES, { where: total })], {
    id: "cpu",
    title: "CPU by mode",
    unit: UNITS.percent,
    kind: "stack",
    max: 100,
    hues: {
      usage_user: 0,
      usage_system: 2,
      usage_nice: 1,
      usage_iowait: 5,
      usage_irq: 3,
      usage_softirq: 6,
      usage_steal: 7,
    },
  });
};

const load: Recipe = (sources) =>
  charted([simple(sources, "system", { load1: "1 min", load5: "5 min", load15: "15 min" })], {
    id: "load",
    title: "Load",
    unit: UNITS.load,
    hues: { load1: 0, load5: 1, load15: 2 },
  });

const memory: Recipe = (sources) =>
  charted([simple(sources, "mem", { used: "used", cached: "cached", buffered: "buffered", free: "free" })], {
    id: "mem",
    title: "Memory",
    unit: UNITS.bytes,
    kind: "stack",
    hues: { used: 0, cached: 1, buffered: 2, free: 7 },
  });

const swap: Recipe = (sources) =>
  charted([simple(sources, "swap", { used: "used" })], { id: "swap", title: "Swap", unit: UNITS.bytes });

const disk: Recipe = (sources) =>
  charted([simple(sources, "disk", { used_percent: "" }, { groupBy: ["path"] })], {
    id: "disk",
    title: "Disk use",
    unit: UNITS.percent,
    max: 100,
  });

/** Whole disks only: their partitions would count the same bytes twice. */
export function keepDisk(tags: Tags, all: readonly Tags[]): boolean {
  const name = tags["name"] ?? "";
  if (/^(loop|ram)\d/.test(name)) return false;
  return !all.some((other) => {
    const whole = other["name"] ?? "";
    return whole !== "" && name.startsWith(whole) && /^p?\d+$/.test(name.slice(whole.length));
  });
}

const diskRates: Recipe = (sources) =>
  charted(
    [
      simple(
        sources,
        "diskio",
        { read_bytes: "read", write_bytes: "written" },
        { rate: true, groupBy: ["name"], factors: { write_bytes: -1 }, keep: keepDisk },
      ),
    ],
    { id: "diskio", title: "Disk read and write", unit: UNITS.byteRate, mirrored: true },
  );

/** Real interfaces; the loopback only when there is no other. */
export function keepInterface(tags: Tags, all: readonly Tags[]): boolean {
  const hidden = (name: string): boolean => name === "lo" || name === "all" || name.startsWith("veth");
  const name = tags["interface"] ?? "";
  return !hidden(name) || (name === "lo" && all.every((other) => hidden(other["interface"] ?? "")));
}

const network: Recipe = (sources) =>
  charted(
    [
      simple(
        sources,
        "net",
        { bytes_recv: "received", bytes_sent: "sent" },
        { rate: true, groupBy: ["interface"], factors: { bytes_sent: -1 }, keep: keepInterface },
      ),
    ],
    { id: "net", title: "Network received and sent", unit: UNITS.byteRate, mirrored: true },
  );

/** Sensors that measure; a chip's limits and alarms come as sensors too. */
const keepSensor = (tags: Tags): boolean =>
  !/_(crit|max|min|alarm|hyst|emergency)(_alarm)?$/.test(tags["sensor"] ?? "");

const temperature: Recipe = (sources) =>
  charted(
    [
      simple(sources, "temp", { temp: "" }, { groupBy: ["sensor"], keep: keepSensor }),
      simple(sources, "cpu_temperature", { value: "CPU" }, { factor: milliOrWhole(sources) }),
      simple(sources, "gpu_temperature", { value: "GPU" }),
    ],
    { id: "temp", title: "Temperature", unit: UNITS.celsius },
  );

/** The widespread configuration stores thousandths of a degree as an integer; a float is already degrees. */
function milliOrWhole(sources: Sources): number {
  return sources.get("cpu_temperature")?.schema.fields["value"] === "float" ? 1 : 0.001;
}

const health: Recipe = (sources) =>
  charted(
    [
      simple(sources, "board", {
        under_voltage: "under-voltage",
        frequency_capped: "frequency capped",
        throttled: "throttled",
        hot: "too hot",
        root_read_only: "card read-only",
      }),
    ],
    { id: "board", title: "Board health: 1 is a fault", unit: UNITS.count },
  );

const PROCESS_STATES = {
  running: "running",
  sleeping: "sleeping",
  blocked: "blocked",
  idle: "idle",
  stopped: "stopped",
  zombies: "zombies",
};

const processes: Recipe = (sources) =>
  charted([simple(sources, "processes", PROCESS_STATES)], {
    id: "processes",
    title: "Processes",
    unit: UNITS.count,
    hues: { running: 0, sleeping: 7, blocked: 5, idle: 1, stopped: 6, zombies: 3 },
  });

const kernel: Recipe = (sources) =>
  charted(
    [
      simple(
        sources,
        "kernel",
        { context_switches: "context switches", interrupts: "interrupts", processes_forked: "forks" },
        { rate: true },
      ),
    ],
    { id: "kernel", title: "Kernel activity", unit: UNITS.perSecond },
  );

const connections: Recipe = (sources) =>
  charted(
    [
      simple(sources, "netstat", {
        tcp_established: "established",
        tcp_listen: "listening",
        tcp_time_wait: "time wait",
        tcp_close_wait: "close wait",
        udp_socket: "UDP sockets",
      }),
    ],
    { id: "netstat", title: "Connections", unit: UNITS.count },
  );

const RECIPES: readonly Recipe[] = [
  cpu, load, memory, temperature, health, network, diskRates, disk, swap, processes, kernel, connections,
]; // prettier-ignore
const CURATED = new Set(
  "cpu system mem swap disk diskio net temp cpu_temperature gpu_temperature processes kernel netstat board".split(
    " ",
  ),
);

/** What agents tell of programs stands beside the device's name. */
const VERSIONS = "software";

/** What the schema holds of one device, by measurement, in the order of names. */
export function sourcesOf(device: Device, schema: readonly Measurement[]): Map<string, Source> {
  const found = schema
    .filter((measurement) => device.measurements.includes(measurement.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const sources = new Map<string, Source>();
  for (const measurement of found) {
    const tagged = measurement.tags.includes("host");
    sources.set(measurement.name, { schema: measurement, where: tagged ? { host: [device.name] } : {} });
  }
  return sources;
}

/** All charts of a device, the known measurements first. */
export function boardOf(device: Device, schema: readonly Measurement[]): Chart[] {
  const sources = sourcesOf(device, schema);
  const known = RECIPES.map((recipe) => recipe(sources)).filter((chart) => chart !== null);
  const drawn = new Set(known.flatMap((chart) => chart.parts.map((part) => part.measurement)));
  // A measurement with a known name but foreign fields is drawn like any other.
  const rest = [...sources]
    .filter(([name]) => name !== VERSIONS && (!CURATED.has(name) || !drawn.has(name)))
    .map(([, source]) => source);
  return [...known, ...rest.flatMap(automaticCharts)];
}

/** Up to three small charts for a device's row: CPU, memory and temperature (or load), else what it has. */
export function sparksOf(device: Device, schema: readonly Measurement[]): Chart[] {
  const sources = sourcesOf(device, schema);
  const total = sources.get("cpu")?.schema.tags.includes("cpu") === true ? { cpu: ["cpu-total"] } : {};
  const heat = temperature(sources);
  const sparks = [
    charted([simple(sources, "cpu", { usage_idle: "CPU" }, { where: total, factor: -1, offset: 100 })], {
      id: "spark-cpu",
      title: "CPU",
      unit: UNITS.percent,
      max: 100,
    }),
    charted([simple(sources, "mem", { used_percent: "Memory" })], {
      id: "spark-mem",
      title: "Memory",
      unit: UNITS.percent,
      max: 100,
    }),
    heat === null
      ? charted([simple(sources, "system", { load1: "Load" })], {
          id: "spark-load",
          title: "Load",
          unit: UNITS.load,
        })
      : { ...heat, id: "spark-temp", title: "Temp.", parts: heat.parts.slice(-1) },
  ].filter((spark) => spark !== null);
  if (sparks.length > 0) return sparks;
  return boardOf(device, schema)
    .filter((chart) => chart.kind !== "values")
    .slice(0, 3)
    .map((chart) => ({ ...chart, id: `spark-${chart.id}` }));
}
