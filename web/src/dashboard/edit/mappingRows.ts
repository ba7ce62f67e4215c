/** Value mappings as rows of a list, and back into the form that Grafana keeps. */
import type { Mapping, MappingResult } from "../model";

export type MappingRow =
  | { readonly type: "value"; readonly key: string; readonly result: MappingResult }
  | {
      readonly type: "range";
      readonly from: number | null;
      readonly to: number | null;
      readonly result: MappingResult;
    }
  | { readonly type: "regex"; readonly pattern: string; readonly result: MappingResult }
  | { readonly type: "special"; readonly match: string; readonly result: MappingResult }
  /** One of a kind that is not known here. */
  | { readonly type: "kept"; readonly mapping: Mapping; readonly result: MappingResult };

export const MAPPING_KINDS = [
  ["value", "Value"],
  ["range", "Range"],
  ["regex", "Regular expression"],
  ["special", "Special"],
] as const;

export const SPECIAL_MATCHES = [
  ["null", "nothing (null)"],
  ["nan", "no number (NaN)"],
  ["null+nan", "nothing or no number"],
  ["true", "true"],
  ["false", "false"],
  ["empty", "empty text"],
] as const;

function rowsOfOne(mapping: Mapping): MappingRow[] {
  if (mapping.type === "value")
    return Object.entries(mapping.options).map(([key, result]) => ({ type: "value", key, result }));
  if (mapping.type === "range") return [{ type: "range", ...mapping.options }];
  if (mapping.type === "regex") return [{ type: "regex", ...mapping.options }];
  // Documents hold more kinds than there are types for.
  const { type } = mapping as { readonly type: string };
  if (type === "special") return [{ type: "special", ...mapping.options }];
  return [{ type: "kept", mapping, result: {} }];
}

/** The rows in the order in which Grafana shows them: by the index of their results. */
export function mappingRows(mappings: readonly Mapping[]): MappingRow[] {
  const rows = mappings.flatMap(rowsOfOne);
  const place = (row: MappingRow, i: number): number => row.result.index ?? i;
  return rows
    .map((row, i) => ({ row, at: place(row, i) }))
    .sort((a, b) => a.at - b.at)
    .map(({ row }) => row);
}

/** Mappings of rows as Grafana writes them: all values in one, each result with its place. */
export function mappingsOf(rows: readonly MappingRow[]): Mapping[] {
  const values: Record<string, MappingResult> = {};
  const others: Mapping[] = [];
  rows.forEach((row, index) => {
    const result = { ...row.result, index };
    if (row.type === "value") values[row.key] = result;
    else if (row.type === "range")
      others.push({ type: "range", options: { from: row.from, to: row.to, result } });
    else if (row.type === "regex") others.push({ type: "regex", options: { pattern: row.pattern, result } });
    else if (row.type === "special") others.push({ type: "special", options: { match: row.match, result } });
    else others.push(row.mapping);
  });
  return Object.keys(values).length === 0 ? others : [{ type: "value", options: values }, ...others];
}

/** A value that no row has yet: 0, 1, 2, as states are numbered. */
export function freeKey(rows: readonly MappingRow[]): string {
  const used = new Set(rows.map((row) => (row.type === "value" ? row.key : "")));
  for (let i = 0; ; i += 1) if (!used.has(String(i))) return String(i);
}

/** A new row of a kind, with the text of an old one. */
export function mappingRow(
  kind: string,
  rows: readonly MappingRow[],
  result: MappingResult = {},
): MappingRow {
  if (kind === "range") return { type: "range", from: 0, to: 100, result };
  if (kind === "regex") return { type: "regex", pattern: "/(.*)/", result };
  if (kind === "special") return { type: "special", match: "null", result };
  return { type: "value", key: freeKey(rows), result };
}
