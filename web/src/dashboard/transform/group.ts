/** Transformations that make fewer rows: reduce, group by, group to a matrix, split by values. */
import type { Options, Scalar } from "../model";
import { flagOf, ownValue, recordOf, textOf, textsOf } from "../optionValues";
import type { Field, FieldType, Frame } from "../panel";
import { REDUCER_TITLES, reduceValues } from "../reduce";
import { findField, isCalled, keyOf, pickRows, rowCount, titleOf } from "./names";

const COUNTS: ReadonlySet<string> = new Set(["count", "countAll", "changeCount", "distinctCount"]);
const TRUTHS: ReadonlySet<string> = new Set(["allIsZero", "allIsNull"]);
const PICKS: ReadonlySet<string> = new Set(["first", "firstNotNull", "last", "lastNotNull"]);

function typeAfter(reducer: string, field: Field): FieldType {
  if (TRUTHS.has(reducer)) return "boolean";
  if (COUNTS.has(reducer)) return "number";
  return PICKS.has(reducer) || field.type === "time" ? field.type : "number";
}

const reducerTitle = (reducer: string): string => REDUCER_TITLES[reducer] ?? reducer;

function wanted(field: Field, options: Options): boolean {
  return field.type !== "time" || flagOf(options["includeTimeField"]);
}

function seriesToRows(frames: readonly Frame[], reducers: readonly string[], options: Options): Frame[] {
  const series = frames.flatMap((frame) =>
    frame.fields
      .filter((field) => wanted(field, options))
      .map((field) => ({ field, title: titleOf(field, frame, frames) })),
  );
  const withLabels = flagOf(options["labelsToFields"]);
  const labels = withLabels
    ? [...new Set(series.flatMap(({ field }) => Object.keys(field.labels ?? {})))].sort()
    : [];
  const name = withLabels && labels.length > 0 ? ({ field }: { field: Field }) => field.name : undefined;
  const fields: Field[] = [
    { name: "Field", type: "string", values: series.map((one) => name?.(one) ?? one.title) },
    ...labels.map((label): Field => ({
      name: label,
      type: "string",
      values: series.map(({ field }) => field.labels?.[label] ?? null),
    })),
    ...reducers.map((reducer): Field => {
      const types = new Set(series.map(({ field }) => typeAfter(reducer, field)));
      const [only] = types;
      return {
        name: reducerTitle(reducer),
        type: types.size === 1 && only !== undefined ? only : types.size === 0 ? "number" : "string",
        values: series.map(({ field }) => reduceValues(field.values, reducer)),
      };
    }),
  ];
  return [{ refId: frames[0]?.refId ?? "", name: "", fields }];
}

function reduceFields(frames: readonly Frame[], reducers: readonly string[], options: Options): Frame[] {
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields
      .filter((field) => wanted(field, options))
      .flatMap((field) =>
        reducers.map((reducer): Field => {
          const title = titleOf(field, frame, frames);
          const name = reducers.length === 1 ? title : `${title} ${reducerTitle(reducer)}`;
          return {
            ...field,
            type: typeAfter(reducer, field),
            values: [reduceValues(field.values, reducer)],
            config: { ...field.config, displayName: name },
          };
        }),
      ),
  }));
}

/** Reduces every field: to a row of one table for each, or to a frame of one row. */
export function reduce(frames: readonly Frame[], options: Options): readonly Frame[] {
  const reducers = textsOf(options["reducers"]);
  if (frames.length === 0) return frames;
  const asked = reducers.length === 0 ? ["max"] : reducers;
  return options["mode"] === "reduceFields"
    ? reduceFields(frames, asked, options)
    : seriesToRows(frames, asked, options);
}

/** The rows of a frame that have equal values in some fields, in the order of their first ones. */
export function rowGroups(frame: Frame, fields: readonly Field[]): number[][] {
  const groups = new Map<string, number[]>();
  for (let row = 0; row < rowCount(frame); row += 1) {
    const key = keyOf(fields.map((field) => field.values[row]));
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [row]);
    else known.push(row);
  }
  return [...groups.values()];
}

function groupFrame(frame: Frame, frames: readonly Frame[], rules: Options): Frame | undefined {
  const ruled = frame.fields.map((field) => {
    const title = titleOf(field, frame, frames);
    return { field, title, rule: recordOf(ownValue(rules, title) ?? ownValue(rules, field.name)) };
  });
  const by = ruled.filter(({ rule }) => rule["operation"] === "groupby");
  if (by.length === 0) return undefined;
  const groups = rowGroups(
    frame,
    by.map(({ field }) => field),
  );
  const keys = by.map(({ field }): Field => ({
    ...field,
    values: groups.map(([row]) => field.values[row ?? 0] ?? null),
  }));
  const values = ruled
    .filter(({ rule }) => rule["operation"] === "aggregate")
    .flatMap(({ field, title, rule }) =>
      textsOf(rule["aggregations"]).map((reducer): Field => {
        const name = `${title} (${reducer})`;
        const reduced = groups.map((rows) =>
          reduceValues(
            rows.map((row) => field.values[row] ?? null),
            reducer,
          ),
        );
        const config = { ...field.config, displayName: name };
        return { ...field, name, config, type: typeAfter(reducer, field), values: reduced };
      }),
    );
  return { ...frame, fields: [...keys, ...values] };
}

/** One row for each group of equal values; frames without a field to group by are left out. */
export function groupBy(frames: readonly Frame[], options: Options): readonly Frame[] {
  const rules = recordOf(options["fields"]);
  if (!Object.values(rules).some((rule) => recordOf(rule)["operation"] === "groupby")) return frames;
  return frames
    .map((frame) => groupFrame(frame, frames, rules))
    .filter((frame): frame is Frame => frame !== undefined);
}

const EMPTY: Readonly<Record<string, Scalar>> = { empty: "", null: null, zero: 0, true: true, false: false };

/** One field's values as rows, another's as columns, a third's in the cells. */
export function groupingToMatrix(frames: readonly Frame[], options: Options): readonly Frame[] {
  const [frame] = frames;
  if (frame === undefined || frames.length !== 1) return frames;
  const rowName = textOf(options["rowField"], "Time");
  const columnName = textOf(options["columnField"], "Time");
  const row = findField(rowName, frame, frames);
  const column = findField(columnName, frame, frames);
  const value = findField(textOf(options["valueField"], "Value"), frame, frames);
  if (row === undefined || column === undefined || value === undefined) return frames;
  const empty = EMPTY[textOf(options["emptyValue"], "empty")] ?? null;
  const cells = new Map(
    value.values.map((one, i) => [keyOf([row.values[i], column.values[i]]), one] as const),
  );
  const rows = [...new Set(row.values)];
  const fields: Field[] = [
    { name: `${rowName}\\${columnName}`, type: row.type, values: rows },
    ...[...new Set(column.values)].map((name): Field => ({
      name: String(name ?? ""),
      type: value.type,
      values: rows.map((one) => cells.get(keyOf([one, name])) ?? empty),
    })),
  ];
  return [{ ...frame, fields }];
}

/** One frame for each combination of some fields' values. */
export function partitionByValues(frames: readonly Frame[], options: Options): readonly Frame[] {
  const names = textsOf(options["fields"]);
  const keep = flagOf(options["keepFields"]);
  if (names.length === 0) return frames;
  return frames.flatMap((frame) => {
    const by = frame.fields.filter((field) => names.some((name) => isCalled(name, field, frame, frames)));
    if (by.length === 0) return [frame];
    return rowGroups(frame, by).map((rows) => {
      const labels = Object.fromEntries(
        by.map((field) => [titleOf(field, frame, frames), String(field.values[rows[0] ?? 0] ?? "")]),
      );
      const part = pickRows({ ...frame, name: Object.values(labels).join(" ") }, rows);
      const kept = part.fields.filter((_, i) => keep || !by.includes(frame.fields[i] as Field));
      return { ...part, fields: kept.map((field) => ({ ...field, labels: { ...field.labels, ...labels } })) };
    });
  });
}
