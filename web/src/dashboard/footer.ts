/** What stands below a table: its columns reduced to one value each, as older and newer dashboards ask for it. */
import type { Options } from "./model";
import { flagOf, recordOf, textsOf } from "./optionValues";
import type { ShownField } from "./panel";
import { reduceField, REDUCER_TITLES } from "./reduce";

export interface FootCell {
  /** The name of the reduction, where the cell shows it. */
  readonly label: string;
  readonly text: string;
}

/** Reductions that are numbers of things, whatever the unit of the column is. */
const COUNTS: ReadonlySet<string> = new Set([
  ...["count", "countAll", "distinctCount", "changeCount", "diffperc", "allIsZero", "allIsNull"],
]);
const EMPTY: FootCell = { label: "", text: "" };

export const reducerTitle = (reducer: string): string => REDUCER_TITLES[reducer] ?? reducer;

function reduced(field: ShownField, reducer: string): string {
  const value = reduceField(field, reducer);
  if (value === null) return "";
  if (COUNTS.has(reducer)) return String(value);
  const { prefix, text, suffix } = field.show(value);
  return prefix + text + suffix;
}

/** The one line that the whole table's `footer` asks for. */
function commonLine(fields: readonly ShownField[], footer: Options): FootCell[][] {
  const reducer = textsOf(footer["reducer"])[0];
  if (reducer === undefined) return [];
  const names = textsOf(footer["fields"]);
  const rows = fields[0]?.values.length ?? 0;
  if (reducer === "count" && flagOf(footer["countRows"]))
    return [fields.map((_, i) => (i === 0 ? { label: reducerTitle(reducer), text: String(rows) } : EMPTY))];
  const wanted = (field: ShownField): boolean =>
    names.length === 0 ? field.type === "number" : names.includes(field.title) || names.includes(field.name);
  // The name of the reduction stands in the first column, unless that one is reduced itself.
  const line = fields.map((field, i) =>
    wanted(field)
      ? { label: i === 0 ? reducerTitle(reducer) : "", text: reduced(field, reducer) }
      : i === 0
        ? { label: reducerTitle(reducer), text: "" }
        : EMPTY,
  );
  return [line];
}

/** As many lines as the field with most reductions has. */
function ownLines(fields: readonly ShownField[]): FootCell[][] {
  const lists = fields.map((field) => textsOf(recordOf(field.config.custom?.["footer"])["reducers"]));
  const most = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: most }, (_, line) =>
    fields.map((field, i) => {
      const reducer = lists[i]?.[line];
      return reducer === undefined ? EMPTY : { label: reducerTitle(reducer), text: reduced(field, reducer) };
    }),
  );
}

/** The lines below a table; none where it asks for none. */
export function footLines(fields: readonly ShownField[], options: Options): FootCell[][] {
  const footer = recordOf(options["footer"]);
  return [...(flagOf(footer["show"]) ? commonLine(fields, footer) : []), ...ownLines(fields)];
}
