/** From frames to what a time series chart draws: lines on common times, stacks, scales. */
import type { Scalar, Thresholds } from "../model";
import { recordOf } from "../optionValues";
import type { ShownField, ShownFrame } from "../panel";
import { customOf, number, scaleKey, scaleOf, word, type Custom, type Scale } from "./lineScales";

export type Value = number | null | undefined;

export interface Line {
  readonly key: string;
  readonly field: ShownField;
  /** On the common times: null is a hole, undefined a time at which another line has its value. */
  readonly values: Value[];
  /** The values as they are drawn: on top of the lines below in a stack. */
  drawn: Value[];
  readonly style: "line" | "bars" | "points";
  readonly interpolation: string;
  readonly widthPx: number;
  readonly fill: number;
  /** By what the colours of line and fill go from below to above: `opacity`, `hue`, `scheme` or `none`. */
  readonly gradient: string;
  readonly dash: readonly number[] | null;
  /** Bars: before, around or after their times, with their share of the room and their greatest width. */
  readonly bars: readonly [align: -1 | 0 | 1, share: number, mostPx: number];
  readonly points: string;
  readonly pointPx: number;
  readonly span: boolean;
  readonly stack: string | null;
  readonly percent: boolean;
  readonly scale: string;
  readonly inLegend: boolean;
  readonly inTooltip: boolean;
  /** The name of the line down to which this one is filled; empty for the ground. */
  readonly fillBelowTo: string;
}

export interface Picture {
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly scales: readonly Scale[];
  readonly thresholds: { readonly scale: string; readonly style: string; readonly steps: Thresholds } | null;
}

interface Series {
  readonly key: string;
  readonly field: ShownField;
  readonly times: readonly number[];
  /** At these times; the field's own have no holes made for the drawing, which legends must not count. */
  readonly values: readonly Scalar[];
}

function seriesOf(frames: readonly ShownFrame[]): Series[] {
  return frames.flatMap((frame, f) => {
    const time = frame.fields.find((field) => field.type === "time");
    if (time === undefined) return [];
    return frame.fields
      .filter((field) => field.type === "number" || field.type === "boolean")
      .filter((field) => (customOf(field)["hideFrom"] as { viz?: boolean } | undefined)?.viz !== true)
      .map((field, i) =>
        withHoles({
          key: `${f}.${i}.${field.title}`,
          field,
          times: time.values as readonly number[],
          values: field.values,
        }),
      );
  });
}

/** Where a panel says how long a line may go on without a value, a longer one gets a hole. */
function withHoles(series: Series): Series {
  const mostMs = customOf(series.field)["insertNulls"];
  if (typeof mostMs !== "number" || mostMs <= 0) return series;
  const [times, values]: [number[], Scalar[]] = [[], []];
  series.times.forEach((time, i) => {
    const before = series.times[i - 1];
    if (before !== undefined && time - before > mostMs) {
      times.push((before + time) / 2);
      values.push(null);
    }
    times.push(time);
    values.push(series.values[i] ?? null);
  });
  return { ...series, times, values };
}

function commonTimes(series: readonly Series[]): number[] {
  const first = series[0]?.times ?? [];
  if (series.every(({ times }) => times === first || sameTimes(times, first))) return [...first];
  return [...new Set(series.flatMap(({ times }) => [...times]))].sort((a, b) => a - b);
}

function sameTimes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((time, i) => time === b[i]);
}

const drawable = (value: Scalar | undefined): number | null =>
  typeof value === "number" && Number.isFinite(value)
    ? value
    : typeof value === "boolean"
      ? Number(value)
      : null;

function onTimes(series: Series, times: readonly number[], places: ReadonlyMap<number, number>): Value[] {
  if (series.times.length === times.length) return series.values.map(drawable);
  const values = new Array<Value>(times.length).fill(undefined);
  series.times.forEach((time, i) => {
    const place = places.get(time);
    if (place !== undefined) values[place] = drawable(series.values[i]);
  });
  return values;
}

/** Passes over holes that are shorter than `mostMs`. */
export function bridged(times: readonly number[], values: readonly Value[], mostMs: number): Value[] {
  const made = [...values];
  let last = -1;
  made.forEach((value, i) => {
    if (typeof value !== "number") return;
    if (last >= 0 && (times[i] ?? 0) - (times[last] ?? 0) <= mostMs) made.fill(undefined, last + 1, i);
    last = i;
  });
  return made;
}

function dashOf(custom: Custom): readonly number[] | null {
  const style = custom["lineStyle"] as { fill?: string; dash?: readonly number[] } | undefined;
  if (style?.fill === "dash") return style.dash ?? [10, 10];
  return style?.fill === "dot" ? [1, 5] : null;
}

/** Series below zero are stacked on their own, downwards. */
const isBelow = (values: readonly Value[]): boolean =>
  values.some((value) => typeof value === "number" && value < 0) &&
  !values.some((value) => typeof value === "number" && value > 0);

/** Values turned below zero, or the first of them all along, as a field asks. */
function changed(values: readonly Value[], transform: unknown): Value[] {
  if (transform === "constant") {
    const first = values.find((value) => typeof value === "number");
    return values.map(() => first ?? null);
  }
  const sign = transform === "negative-Y" ? -1 : 1;
  return values.map((value) => (typeof value === "number" ? sign * value : value));
}

function lineOf(series: Series, times: readonly number[], places: ReadonlyMap<number, number>): Line {
  const { field, key } = series;
  const custom = customOf(field);
  const style = word(custom["drawStyle"], "line") as Line["style"];
  const raw = changed(onTimes(series, times, places), custom["transform"]);
  const span = custom["spanNulls"];
  const values = typeof span === "number" ? bridged(times, raw, span) : raw;
  const hidden = recordOf(custom["hideFrom"]);
  const stacking = custom["stacking"] as { mode?: string; group?: string } | undefined;
  const stacked = stacking?.mode === "normal" || stacking?.mode === "percent";
  return {
    key,
    field,
    values,
    drawn: values,
    style,
    interpolation: word(custom["lineInterpolation"], "linear"),
    widthPx: number(custom["lineWidth"], 1),
    fill: number(custom["fillOpacity"], style === "bars" ? 100 : 0) / 100,
    gradient: word(custom["gradientMode"], "none"),
    dash: dashOf(custom),
    bars: [
      Math.sign(number(custom["barAlignment"], 0)) as -1 | 0 | 1,
      Math.min(1, Math.max(0.01, number(custom["barWidthFactor"], 0.8))),
      Math.max(1, number(custom["barMaxWidth"], 60)),
    ],
    points: word(custom["showPoints"], "auto"),
    pointPx: number(custom["pointSize"], 5),
    span: span === true,
    stack: stacked ? `${style} ${stacking.group ?? "A"}${isBelow(values) ? " below" : ""}` : null,
    percent: stacking?.mode === "percent",
    scale: scaleKey(field),
    fillBelowTo: word(custom["fillBelowTo"], ""),
    inLegend: hidden["legend"] !== true,
    inTooltip: hidden["tooltip"] !== true,
  };
}

/** Puts the shown lines of each stack on top of each other; hidden ones leave no room. */
export function stack(lines: readonly Line[], shown: readonly boolean[]): void {
  for (const line of lines) line.drawn = line.values;
  const groups = new Set(
    lines.flatMap((line) => (line.stack === null ? [] : [`${line.stack} ${line.scale}`])),
  );
  for (const group of groups) {
    const own = lines.filter((line, i) => `${line.stack ?? ""} ${line.scale}` === group && shown[i] === true);
    const rows = own[0]?.values.length ?? 0;
    const totals = new Array<number>(rows).fill(0);
    for (const line of own) line.values.forEach((value, i) => (totals[i] = (totals[i] ?? 0) + (value ?? 0)));
    const sums = new Array<number>(rows).fill(0);
    for (const line of own) {
      line.drawn = line.values.map((value, i) => {
        const share = line.percent ? ((value ?? 0) / (Math.abs(totals[i] ?? 0) || 1)) * 100 : (value ?? 0);
        sums[i] = (sums[i] ?? 0) + share;
        return value == null ? value : (sums[i] ?? null);
      });
    }
  }
}

/** The place of the line down to which one is filled, on the same scale; -1 where there is none. */
export function floorOf(lines: readonly Line[], index: number): number {
  const line = lines[index];
  if (line === undefined || line.fillBelowTo === "") return -1;
  return lines.findIndex(
    ({ field, scale }) =>
      scale === line.scale && (field.title === line.fillBelowTo || field.name === line.fillBelowTo),
  );
}

export function pictureOf(frames: readonly ShownFrame[]): Picture {
  const series = seriesOf(frames);
  const times = commonTimes(series);
  const places = new Map(times.map((time, i) => [time, i]));
  const lines = series.map((one) => lineOf(one, times, places));
  const keys = [...new Set(lines.map((line) => line.scale))];
  const first = keys.find((key) => !key.includes('"right"') && !key.includes('"hidden"')) ?? keys[0];
  const marked = lines.find((line) => thresholdStyle(line.field) !== "off");
  const steps = marked?.field.config.thresholds;
  return {
    times,
    lines,
    scales: keys.map((key) => scaleOf(key, lines, key === first)),
    thresholds:
      marked === undefined || steps === undefined
        ? null
        : { scale: marked.scale, style: thresholdStyle(marked.field), steps },
  };
}

function thresholdStyle(field: ShownField): string {
  return word((customOf(field)["thresholdsStyle"] as { mode?: string } | undefined)?.mode, "off");
}
