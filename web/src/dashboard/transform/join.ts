/** Transformations that bring several frames together: merge, join, concatenate, series to rows. */
import type { Options, Scalar } from "../model";
import { textOf } from "../optionValues";
import type { Field, Frame } from "../panel";
import { compareValues } from "./rows";
import { distinctNames, findField, keyOf, pickRows, renamed, rowCount, timeField, titleOf } from "./names";

type Row = Map<string, Scalar>;

/** What a row may take from another: every field that both have is equal. */
function fits(row: Row, other: Row): boolean {
  for (const [name, value] of other) {
    const has = row.get(name);
    if (has !== undefined && has !== value) return false;
  }
  return true;
}

function rowsOf(frame: Frame): Row[] {
  return Array.from(
    { length: rowCount(frame) },
    (_, i) => new Map(frame.fields.map((field) => [field.name, field.values[i] ?? null])),
  );
}

// So many rows of one key are looked at for a place to merge into.
const CANDIDATES_MOST = 64;

function mergeRows(frames: readonly Frame[], keyNames: readonly string[]): Row[] {
  const merged: Row[] = [];
  const byKey = new Map<string, Row[]>();
  for (const frame of frames) {
    const taken = new Map<string, number>();
    for (const row of rowsOf(frame)) {
      const key = keyOf(keyNames.map((name) => row.get(name)));
      const same = byKey.get(key) ?? [];
      // A frame without a common field goes beside the others, row by row.
      const first = keyNames.length === 0 ? (taken.get(key) ?? 0) : 0;
      const place = same.slice(first, first + CANDIDATES_MOST).findIndex((other) => fits(other, row));
      const target = place < 0 ? undefined : same[first + place];
      if (place >= 0) taken.set(key, first + place + 1);
      if (target === undefined) {
        merged.push(row);
        same.push(row);
        byKey.set(key, same);
      } else for (const [name, value] of row) target.set(name, value);
    }
  }
  return merged;
}

/** One table of all frames; rows that agree in the fields they share become one. */
export function merge(frames: readonly Frame[]): readonly Frame[] {
  const filled = frames.filter((frame) => frame.fields.length > 0);
  const [first] = filled;
  if (first === undefined || filled.length < 2) return filled;
  const fields = new Map<string, Field>();
  for (const frame of filled)
    for (const field of frame.fields) if (!fields.has(field.name)) fields.set(field.name, field);
  const keys = [...fields.keys()].filter((name) =>
    filled.every((frame) => frame.fields.some((field) => field.name === name)),
  );
  const rows = mergeRows(filled, keys);
  const made = [...fields.values()].map((field) => ({
    ...field,
    values: rows.map((row) => row.get(field.name) ?? null),
  }));
  return [{ refId: first.refId, name: "", fields: made }];
}

interface Part {
  readonly frame: Frame;
  readonly key: Field;
  readonly rows: ReadonlyMap<string, readonly number[]>;
}

function partOf(frame: Frame, frames: readonly Frame[], byField: string): Part | undefined {
  const key = byField === "" ? timeField(frame) : findField(byField, frame, frames);
  if (key === undefined) return undefined;
  const rows = new Map<string, number[]>();
  key.values.forEach((value, row) => {
    const id = keyOf([value]);
    const known = rows.get(id);
    if (known === undefined) rows.set(id, [row]);
    else known.push(row);
  });
  return { frame, key, rows };
}

/** Every combination of the rows that the parts have for one key; a part without any gives an empty row. */
function combinations(choices: readonly (readonly number[])[]): number[][] {
  return choices.reduce<number[][]>(
    (made, rows) =>
      (rows.length === 0 ? [-1] : rows).flatMap((row) => made.map((before) => [...before, row])),
    [[]],
  );
}

/** In a join of times every key has one row: the last value that each part has for it. */
function lastOnly(choices: readonly (readonly number[])[]): number[][] {
  return [choices.map((rows) => rows.at(-1) ?? -1)];
}

/** One frame by a common field: all of its values (outer), or only those that every frame has (inner). */
export function joinFrames(
  frames: readonly Frame[],
  byField: string,
  mode: "outer" | "inner" | "outerTabular",
): readonly Frame[] {
  const parts = frames
    .map((frame) => partOf(frame, frames, byField))
    .filter((part): part is Part => part !== undefined);
  const [first] = parts;
  if (first === undefined || parts.length < 2) return frames;
  const keys = new Map<string, Scalar>();
  for (const part of parts) for (const value of part.key.values) keys.set(keyOf([value]), value);
  let chosen = [...keys];
  if (mode === "inner") chosen = chosen.filter(([id]) => parts.every((part) => part.rows.has(id)));
  if (mode !== "outerTabular") chosen.sort(([, a], [, b]) => compareValues(a, b));
  const combine = mode === "outer" ? lastOnly : combinations;
  const rows = chosen.flatMap(([id, value]) =>
    combine(parts.map((part) => part.rows.get(id) ?? [])).map((picked) => ({ value, picked })),
  );
  return [{ refId: first.frame.refId, name: "", fields: joinedFields(parts, rows, frames) }];
}

function joinedFields(
  parts: readonly Part[],
  rows: readonly { readonly value: Scalar; readonly picked: readonly number[] }[],
  frames: readonly Frame[],
): Field[] {
  const columns = parts.flatMap((part, place) =>
    part.frame.fields
      .filter((field) => field !== part.key)
      .map((field) => ({
        title: titleOf(field, part.frame, frames),
        made: {
          ...field,
          values: rows.map(({ picked }) => field.values[picked[place] ?? -1] ?? null),
        },
      })),
  );
  const names = distinctNames(columns.map(({ title }) => title));
  const key = parts[0]?.key;
  if (key === undefined) return [];
  return [
    { ...key, values: rows.map(({ value }) => value) },
    ...columns.map(({ made }, i) => renamed(made, names[i] ?? made.name)),
  ];
}

export function joinByField(frames: readonly Frame[], options: Options): readonly Frame[] {
  const mode = textOf(options["mode"]);
  return joinFrames(
    frames,
    textOf(options["byField"]),
    mode === "inner" || mode === "outerTabular" ? mode : "outer",
  );
}

/** One table of all series: time, the series' name, its value; the newest first. */
export function seriesToRows(frames: readonly Frame[]): readonly Frame[] {
  const rows: [Scalar, string, Scalar][] = [];
  for (const frame of frames) {
    const time = timeField(frame);
    for (const field of frame.fields) {
      if (time === undefined || field.type !== "number") continue;
      const title = titleOf(field, frame, frames);
      field.values.forEach((value, i) => rows.push([time.values[i] ?? null, title, value]));
    }
  }
  if (frames.length === 0) return frames;
  rows.sort((a, b) => compareValues(b[0], a[0]));
  const fields: Field[] = [
    { name: "Time", type: "time", values: rows.map((row) => row[0]) },
    { name: "Metric", type: "string", values: rows.map((row) => row[1]) },
    { name: "Value", type: "number", values: rows.map((row) => row[2]) },
  ];
  return [{ refId: frames[0]?.refId ?? "", name: "", fields }];
}

/** One frame with all fields side by side; short ones are filled up with nulls. */
export function concatenate(frames: readonly Frame[], options: Options): readonly Frame[] {
  const [first] = frames;
  if (first === undefined || frames.length < 2) return frames;
  const length = Math.max(...frames.map(rowCount));
  const mode = textOf(options["frameNameMode"], "field");
  const label = textOf(options["frameNameLabel"], "frame");
  const rows = Array.from({ length }, (_, i) => i);
  const fields = frames.flatMap((frame) =>
    pickRows(frame, rows).fields.map((field) => {
      if (frame.name === "" || mode === "drop") return field;
      if (mode === "label") return { ...field, labels: { ...field.labels, [label]: frame.name } };
      return renamed(field, `${frame.name} · ${field.name}`);
    }),
  );
  return [{ refId: first.refId, name: "", fields }];
}
