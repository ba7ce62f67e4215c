/** The cells of heatmaps: counts in buckets of time and value, or buckets that a query already made. */
import type { Options } from "./model";
import { flagOf, numberOf, recordOf, textOf } from "./optionValues";
import type { ShownField, ShownFrame } from "./panel";
import { roundStep } from "./ticks";
import { intervalFor, parseInterval } from "./time";

export interface HeatCell {
  readonly column: number;
  readonly row: number;
  readonly value: number;
}

export interface Heat {
  /** Where each column begins. */
  readonly columnsMs: readonly number[];
  readonly stepMs: number;
  /** The names of the rows, the lowest first. */
  readonly rows: readonly string[];
  readonly cells: readonly HeatCell[];
}

const COLUMNS = 60;
const ROWS = 12;
const CELLS_MOST = 20_000;
const COLUMNS_MOST = 2000;

interface Sample {
  readonly timeMs: number;
  readonly value: number;
}

function samplesOf(frames: readonly ShownFrame[]): Sample[] {
  return frames.flatMap((frame) => {
    const time = frame.fields.find((field) => field.type === "time");
    if (time === undefined) return [];
    return frame.fields
      .filter((field) => field.type === "number")
      .flatMap((field) =>
        field.values.flatMap((value, i) => {
          const timeMs = time.values[i];
          return typeof value === "number" && typeof timeMs === "number" ? [{ timeMs, value }] : [];
        }),
      );
  });
}

/** How values are cut into rows: equally wide, or each twice (ten times, …) the one below. */
function rowScale(
  options: Options,
  samples: readonly Sample[],
): { place: (value: number) => number; start: (row: number) => number } {
  const buckets = recordOf(recordOf(options["calculation"])["yBuckets"]);
  const scale = recordOf(buckets["scale"]);
  if (textOf(scale["type"]) === "log") {
    const base = numberOf(scale["log"], 2);
    const split = Math.max(1, numberOf(buckets["value"], 1));
    return {
      place: (value) => (value > 0 ? Math.floor((Math.log(value) / Math.log(base)) * split + 1e-9) : NaN),
      start: (row) => base ** (row / split),
    };
  }
  const [low, high] = spanOf(samples);
  const asked = numberOf(buckets["value"], 0);
  const byCount = textOf(buckets["mode"]) === "count" && asked > 0;
  const wide = byCount ? (high - low) / asked || 1 : asked;
  const size = wide > 0 && (high - low) / wide <= 200 ? wide : roundStep(high - low || 1, ROWS);
  return { place: (value) => Math.floor(value / size + 1e-9), start: (row) => row * size };
}

function spanOf(samples: readonly Sample[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const { value } of samples) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return low > high ? [0, 1] : [low, high];
}

function columnStepMs(options: Options, window: { fromMs: number; toMs: number }): number {
  const buckets = recordOf(recordOf(options["calculation"])["xBuckets"]);
  const asked = numberOf(buckets["value"], 0);
  if (textOf(buckets["mode"]) === "count" && asked > 0)
    return Math.max(1, Math.ceil((window.toMs - window.fromMs) / Math.min(asked, 500)));
  const sizeMs = parseInterval(textOf(buckets["value"]));
  if (sizeMs !== undefined && (window.toMs - window.fromMs) / sizeMs <= COLUMNS_MOST) return sizeMs;
  return intervalFor(window, COLUMNS);
}

function calculated(
  frames: readonly ShownFrame[],
  options: Options,
  window: { fromMs: number; toMs: number },
  show: (value: number) => string,
): Heat {
  const samples = samplesOf(frames);
  const stepMs = columnStepMs(options, window);
  const scale = rowScale(options, samples);
  const counts = new Map<number, Map<number, number>>();
  for (const { timeMs, value } of samples) {
    const [column, row] = [Math.floor(timeMs / stepMs), scale.place(value)];
    if (Number.isNaN(row)) continue;
    const known = counts.get(row) ?? new Map<number, number>();
    known.set(column, (known.get(column) ?? 0) + 1);
    counts.set(row, known);
  }
  const used = [...counts.keys()];
  const lowest = used.reduce((a, b) => Math.min(a, b), Infinity);
  const highest = Math.min(
    lowest + 500,
    used.reduce((a, b) => Math.max(a, b), -Infinity),
  );
  const first = Math.floor(window.fromMs / stepMs);
  const last = Math.min(first + 2000, Math.floor(window.toMs / stepMs));
  const cells = [...counts].flatMap(([row, columns]) =>
    [...columns].map(([column, value]) => ({ column: column - first, row: row - lowest, value })),
  );
  return {
    columnsMs: Array.from({ length: last - first + 1 }, (_, i) => (first + i) * stepMs),
    stepMs,
    rows: Array.from({ length: Math.max(0, highest - lowest + 1) }, (_, i) => show(scale.start(lowest + i))),
    cells: cells.filter(
      ({ column, row }) => column >= 0 && column <= last - first && row <= highest - lowest,
    ),
  };
}

/** Buckets in the order of the numbers in their names; a bucket without a number stays behind. */
function bucketOrder(field: ShownField): number {
  const text = /-?\d+(\.\d+)?(e[+-]?\d+)?/i.exec(field.title)?.[0];
  return /inf/i.test(field.title) ? Infinity : text === undefined ? Number.MAX_VALUE : Number(text);
}

function ready(frames: readonly ShownFrame[]): Heat {
  const series = frames.flatMap((frame) => {
    const time = frame.fields.find((field) => field.type === "time");
    const numbers = frame.fields.filter((field) => field.type === "number");
    return time === undefined ? [] : numbers.map((field) => ({ time, field }));
  });
  series.sort((a, b) => bucketOrder(a.field) - bucketOrder(b.field));
  const times = new Set<number>();
  for (const { time } of series) for (const at of time.values) if (typeof at === "number") times.add(at);
  const columnsMs = [...times].sort((a, b) => a - b);
  const placeOf = new Map(columnsMs.map((at, i) => [at, i]));
  const cells = series.flatMap(({ time, field }, row) =>
    field.values.flatMap((value, i) => {
      const column = placeOf.get(Number(time.values[i]));
      return typeof value === "number" && column !== undefined ? [{ column, row, value }] : [];
    }),
  );
  const steps = columnsMs.slice(1).map((at, i) => at - (columnsMs[i] ?? 0));
  const stepMs = steps.reduce((a, b) => Math.min(a, b), Infinity);
  return {
    columnsMs,
    stepMs: Number.isFinite(stepMs) ? stepMs : 60_000,
    rows: series.map(({ field }) => field.title),
    cells: cells.slice(0, CELLS_MOST),
  };
}

/** The cells of a heatmap: counted from values, or as the query gave them. */
export function heatOf(
  frames: readonly ShownFrame[],
  options: Options,
  window: { fromMs: number; toMs: number },
  show: (value: number) => string,
): Heat {
  return flagOf(options["calculate"]) ? calculated(frames, options, window, show) : ready(frames);
}
