/** What transformations call fields, and frames made of fields. */
import type { Scalar } from "../model";
import type { Field, Frame } from "../panel";

/** The name of a field as people see it: what transformations match and the columns they make are called. */
export function titleOf(field: Field, frame: Frame, frames: readonly Frame[]): string {
  const given = field.config?.displayName;
  if (given !== undefined && given !== "") return given;
  if (field.type === "time") return field.name === "" ? "Time" : field.name;
  const others = frame.fields.filter((one) => one.type !== "time");
  const series = frame.fields[0]?.type === "time" && others.length === 1;
  const unnamed = field.name === "Value" || field.name === "value";
  return series && frame.name !== "" && (unnamed || frames.length > 1) ? frame.name : field.name;
}

/** Whether a name of a transformation's options means this field. */
export function isCalled(wanted: string, field: Field, frame: Frame, frames: readonly Frame[]): boolean {
  return wanted === titleOf(field, frame, frames) || wanted === field.name;
}

export function findField(wanted: string, frame: Frame, frames: readonly Frame[]): Field | undefined {
  return (
    frame.fields.find((field) => titleOf(field, frame, frames) === wanted) ??
    frame.fields.find((field) => field.name === wanted)
  );
}

export const rowCount = (frame: Frame): number => frame.fields[0]?.values.length ?? 0;
export const timeField = (frame: Frame): Field | undefined =>
  frame.fields.find((field) => field.type === "time");

/** The same frame with only these rows, in this order. */
export function pickRows(frame: Frame, rows: readonly number[]): Frame {
  const fields = frame.fields.map((field) => ({
    ...field,
    values: rows.map((row) => field.values[row] ?? null),
  }));
  return { ...frame, fields };
}

/** Another name for a field, also where its config had one. */
export function renamed(field: Field, name: string): Field {
  return { ...field, name, config: { ...field.config, displayName: name } };
}

/** Values as a key of a Map that tells "1" from 1. */
export function keyOf(values: readonly (Scalar | undefined)[]): string {
  return JSON.stringify(values);
}

/** Names made different by a number behind them: `Value 1`, `Value 2`. */
export function distinctNames(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const seen = new Map<string, number>();
  return names.map((name) => {
    if ((counts.get(name) ?? 0) < 2) return name;
    const place = (seen.get(name) ?? 0) + 1;
    seen.set(name, place);
    return `${name} ${place}`;
  });
}
