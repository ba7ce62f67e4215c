/** What a bar chart draws: groups of bars by a text or a time, and where each bar begins and ends. */
import { formatDayClock } from "../clock";
import { PALETTE } from "./colours";
import { timeUnit } from "./fieldModel";
import { joinFrames } from "./transform/join";
import type { Options } from "./model";
import { textOf } from "./optionValues";
import type { ShownField, ShownFrame } from "./panel";

export interface BarGroups {
  readonly labels: readonly string[];
  readonly fields: readonly ShownField[];
  /** The field by whose values the bars are coloured, if any. */
  readonly colourBy: ShownField | undefined;
}

/** Where the bars are in the picture, in px. */
export interface Room {
  readonly left: number;
  readonly top: number;
  readonly wide: number;
  readonly high: number;
}

/** The fields of one frame made of several: series of time are joined, their looks kept. */
export function joinedFields(frames: readonly ShownFrame[]): readonly ShownField[] {
  const [first] = frames;
  if (first === undefined || frames.length === 1) return first?.fields ?? [];
  const series = frames.every((frame) => frame.fields.some((field) => field.type === "time"));
  if (!series) return frames.flatMap((frame) => frame.fields);
  const looks = frames.flatMap((frame) => frame.fields.filter((field) => field.type !== "time"));
  const [made] = joinFrames(frames, "", "outer");
  const time = first.fields.find((field) => field.type === "time");
  return (made?.fields ?? []).flatMap((field, i) => {
    const look = i === 0 ? time : looks[i - 1];
    return look === undefined ? [] : [{ ...look, values: field.values }];
  });
}

const isCalled = (field: ShownField, name: string): boolean =>
  name !== "" && (field.title === name || field.name === name);

/** The groups and series of a bar chart: the x field is the one named, else the first text, else the time. */
export function barGroups(frames: readonly ShownFrame[], options: Options, utc: boolean): BarGroups {
  const fields = joinedFields(frames);
  const named = textOf(options["xField"]);
  const x =
    fields.find((field) => isCalled(field, named)) ??
    fields.find((field) => field.type === "string") ??
    fields.find((field) => field.type === "time");
  const drawn = fields.filter((field) => field !== x && field.type === "number").map(inTurn);
  const colourBy = fields.find((field) => isCalled(field, textOf(options["colorByField"])));
  const count = Math.max(0, ...drawn.map((field) => field.values.length));
  const labels = Array.from({ length: count }, (_, row) => labelOf(x, row, utc));
  return { labels, fields: drawn, colourBy };
}

/** The first bars have the first colour, however many texts stand before them. */
function inTurn(field: ShownField, place: number): ShownField {
  const mode = field.config.color?.mode ?? "palette-classic";
  return mode === "palette-classic"
    ? { ...field, colour: PALETTE[place % PALETTE.length] ?? field.colour }
    : field;
}

function labelOf(x: ShownField | undefined, row: number, utc: boolean): string {
  const value = x?.values[row];
  if (x === undefined || value === undefined || value === null) return x === undefined ? String(row + 1) : "";
  if (x.type === "time" && timeUnit(x.config.unit) !== x.config.unit && typeof value === "number")
    return timeLabel(x, value, utc);
  const { prefix, text, suffix } = x.show(value);
  // The unit is that of the bars; a text that is a number has none.
  return x.type === "string" && suffix !== "" ? String(value) : prefix + text + suffix;
}

function timeLabel(x: ShownField, value: number, utc: boolean): string {
  const times = x.values.filter((one): one is number => typeof one === "number");
  const spanMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
  const text = formatDayClock(value, utc, spanMs < 600_000);
  const wholeDays = times.every((time) => formatDayClock(time, utc, false).endsWith("00:00"));
  return wholeDays
    ? text.replace(/ \d\d:\d\d.*$/, "")
    : spanMs < 86_400_000
      ? text.replace(/^\d+ \w+ /, "")
      : text;
}

export interface Bar {
  readonly series: number;
  readonly group: number;
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/** Where bars begin and end: each from zero, or upon the one before (in shares of 100 for `percent`). */
export function stackBars(groups: BarGroups, stacking: string): Bar[] {
  return groups.labels.flatMap((_, group) => {
    const values = groups.fields.map((field) => field.values[group]);
    const whole = values.reduce<number>((sum, value) => sum + Math.abs(Number(value ?? 0)), 0);
    let [above, below] = [0, 0];
    return values.flatMap((value, series): Bar[] => {
      if (typeof value !== "number" || !Number.isFinite(value)) return [];
      if (stacking !== "normal" && stacking !== "percent")
        return [{ series, group, from: 0, to: value, value }];
      const height = stacking === "percent" ? (100 * value) / (whole || 1) : value;
      const from = height < 0 ? below : above;
      if (height < 0) below += height;
      else above += height;
      return [{ series, group, from, to: from + height, value }];
    });
  });
}

/** The span of the value axis: from zero unless the config says otherwise, never empty. */
export function barSpan(bars: readonly Bar[], fields: readonly ShownField[]): readonly [number, number] {
  const [softLow, softHigh] = [softEnd(fields, "axisSoftMin"), softEnd(fields, "axisSoftMax")];
  let [low, high] = [Math.min(...softLow, Infinity), Math.max(...softHigh, -Infinity)];
  if (low === Infinity) low = 0;
  if (high === -Infinity) high = 0;
  for (const { from, to } of bars) {
    low = Math.min(low, to, from === 0 ? to : from);
    high = Math.max(high, from, to);
  }
  const ends = (key: "min" | "max"): number[] =>
    fields.map(({ config }) => config[key]).filter((end) => typeof end === "number");
  if (ends("min").length > 0) low = Math.min(...ends("min"));
  if (ends("max").length > 0) high = Math.max(...ends("max"));
  return low < high ? [low, high] : [low, low + Math.max(1, Math.abs(low) / 1e6)];
}

function softEnd(fields: readonly ShownField[], key: string): number[] {
  return fields.map(({ config }) => config.custom?.[key]).filter((end) => typeof end === "number");
}
