/** What stat, gauge and bar gauge show: one value for each field, or one for each row. */
import type { Options } from "../model";
import type { Shown, ShownField, ShownFrame } from "../panel";
import { reduceField } from "../reduce";
import { patternOf } from "../fieldModel";

export interface ShownValue {
  readonly key: string;
  readonly title: string;
  readonly shown: Shown;
  readonly number: number;
  readonly field: ShownField;
  readonly row: number;
  /** The times of the field, for a line behind the value. */
  readonly times: readonly number[];
}

interface ReduceOptions {
  readonly calcs?: readonly string[];
  readonly fields?: string;
  readonly values?: boolean;
  readonly limit?: number;
}

/** Fields that a panel reduces: numbers, or those that its pattern names. */
function wantedFields(frame: ShownFrame, pattern: string): ShownField[] {
  if (pattern === "")
    return frame.fields.filter((field) => field.type === "number" || field.type === "boolean");
  const regex = patternOf(pattern);
  return frame.fields.filter((field) => regex?.test(field.title) === true);
}

function textsOnly(frames: readonly ShownFrame[]): boolean {
  return !frames.some((frame) =>
    frame.fields.some((field) => field.type === "number" || field.type === "boolean"),
  );
}

const asNumber = (value: unknown): number =>
  typeof value === "number" ? value : typeof value === "boolean" ? Number(value) : NaN;

export function valuesOf(frames: readonly ShownFrame[], options: Options): ShownValue[] {
  const how = (options["reduceOptions"] ?? {}) as ReduceOptions;
  const reducer = how.calcs?.[0] ?? "lastNotNull";
  // Where there is nothing but texts, the last of them is the value.
  const pattern =
    how.fields !== undefined && how.fields !== "" ? how.fields : textsOnly(frames) ? "/.*/" : "";
  return frames.flatMap((frame, f) => {
    const time = frame.fields.find((field) => field.type === "time");
    const times = (time?.values ?? []) as readonly number[];
    const fields = wantedFields(frame, pattern).filter((field) => field !== time || pattern !== "/.*/");
    if (how.values === true) return rows(frame, fields, f, times, how.limit ?? 25);
    return fields.map((field, i) => {
      const value = reduceField(field, reducer);
      const key = `${f}.${i}`;
      const row = field.values.lastIndexOf(value);
      return {
        key,
        title: field.title,
        shown: field.show(value),
        number: asNumber(value),
        field,
        row,
        times,
      };
    });
  });
}

function rows(
  frame: ShownFrame,
  fields: readonly ShownField[],
  f: number,
  times: readonly number[],
  limit: number,
): ShownValue[] {
  const names = frame.fields.find((field) => field.type === "string");
  return fields
    .filter((field) => field !== names)
    .flatMap((field, i) =>
      field.values.slice(0, limit).map((value, row) => ({
        key: `${f}.${i}.${row}`,
        title: names === undefined ? field.title : String(names.values[row]),
        shown: field.show(value),
        number: asNumber(value),
        field,
        row,
        times,
      })),
    );
}

/** Whether the values stand beside each other; of "auto", whichever leaves them more square. */
export function sideBySide(options: Options, widthPx: number, heightPx: number): boolean {
  const wanted = options["orientation"];
  if (wanted === "vertical") return true;
  if (wanted === "horizontal") return false;
  return widthPx > heightPx;
}

/** The share of a value in its field's range, between 0 and 1. */
export function shareOf(value: ShownValue): number {
  const { min, max } = value.field;
  if (Number.isNaN(value.number) || max <= min) return 0;
  return Math.min(1, Math.max(0, (value.number - min) / (max - min)));
}

export const plainText = (shown: Shown): string => shown.prefix + shown.text + shown.suffix;
