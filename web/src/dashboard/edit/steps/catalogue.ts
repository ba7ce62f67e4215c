/** The transformations that the page draws: their names, what they begin with, and their settings. */
import type { Options } from "../../model";
import type { Setting } from "../looksOfKinds";
import { calculateBegin, calculateSettings } from "./calculate";

/** Those with a form of their own: lists of fields, of filters, of rules. */
export type OwnForm = "organize" | "names" | "queries" | "filters" | "groups" | "types";

export interface StepKind {
  readonly id: string;
  readonly name: string;
  readonly what: string;
  readonly begin: (fields: readonly string[]) => Options;
  /** Settings by their paths in the options. */
  readonly settings?: (options: Options) => readonly Setting[];
  readonly form?: OwnForm;
}

const choice = (path: string, label: string, usual: string, choices: Setting["choices"]): Setting => ({
  path,
  label,
  input: "choice",
  usual,
  ...(choices === undefined ? {} : { choices }),
});
const field = (path: string, label: string, hint = "a field"): Setting => ({
  path,
  label,
  input: "field",
  hint,
});
const toggle = (path: string, label: string): Setting => ({ path, label, input: "switch" });

export const STEPS: readonly StepKind[] = [
  {
    id: "organize",
    name: "Organize fields",
    what: "hides, orders and renames columns",
    begin: () => ({ excludeByName: {}, indexByName: {}, renameByName: {} }),
    form: "organize",
  },
  {
    id: "filterFieldsByName",
    name: "Filter fields by name",
    what: "keeps some columns",
    begin: () => ({ include: { names: [] } }),
    form: "names",
  },
  {
    id: "filterByRefId",
    name: "Filter by query",
    what: "keeps the answers of some queries",
    begin: () => ({}),
    form: "queries",
  },
  {
    id: "filterByValue",
    name: "Filter rows by value",
    what: "keeps or drops rows",
    begin: ([, name = ""]) => ({
      filters: [{ fieldName: name, config: { id: "greater", options: { value: 0 } } }],
      type: "include",
      match: "any",
    }),
    form: "filters",
  },
  {
    id: "calculateField",
    name: "Add a calculated field",
    what: "a sum of a row, two fields, a moving mean",
    begin: calculateBegin,
    settings: calculateSettings,
  },
  {
    id: "groupBy",
    name: "Group by",
    what: "one row for equal values",
    begin: () => ({ fields: {} }),
    form: "groups",
  },
  {
    id: "reduce",
    name: "Reduce",
    what: "one figure of each series",
    begin: () => ({ reducers: ["lastNotNull"] }),
    settings: () => [
      choice("mode", "Into", "seriesToRows", [
        ["seriesToRows", "a row for each series"],
        ["reduceFields", "one row of fields"],
      ]),
      { path: "reducers", label: "Figures", input: "reducers" },
      toggle("labelsToFields", "Tags become columns"),
      toggle("includeTimeField", "Times, too"),
    ],
  },
  {
    id: "merge",
    name: "Merge",
    what: "one table of all answers",
    begin: () => ({}),
  },
  {
    id: "joinByField",
    name: "Join by field",
    what: "answers beside each other by a common column",
    begin: ([name = "Time"]) => ({ byField: name, mode: "outer" }),
    settings: () => [
      field("byField", "By", "the time"),
      choice("mode", "Rows", "outer", [
        ["outer", "all, for series over time"],
        ["outerTabular", "all, for tables"],
        ["inner", "only those in every answer"],
      ]),
    ],
  },
  {
    id: "renameByRegex",
    name: "Rename by pattern",
    what: "other names by a regular expression",
    begin: () => ({ regex: "(.*)", renamePattern: "$1" }),
    settings: () => [
      { path: "regex", label: "Names like", input: "text" },
      { path: "renamePattern", label: "become", input: "text" },
    ],
  },
  {
    id: "sortBy",
    name: "Sort by",
    what: "rows by one column",
    begin: ([name = ""]) => ({ fields: {}, sort: [{ field: name, desc: false }] }),
    settings: () => [field("sort.0.field", "By"), toggle("sort.0.desc", "The greatest first")],
  },
  {
    id: "limit",
    name: "Limit",
    what: "the first rows",
    begin: () => ({ limitField: 10 }),
    settings: () => [{ path: "limitField", label: "Rows at most", input: "number", usual: 10 }],
  },
  {
    id: "convertFieldType",
    name: "Convert types",
    what: "numbers, texts or times of columns",
    begin: () => ({ fields: {}, conversions: [] }),
    form: "types",
  },
  {
    id: "seriesToRows",
    name: "Series to rows",
    what: "time, name and value as one long table",
    begin: () => ({}),
  },
  {
    id: "concatenate",
    name: "Concatenate",
    what: "all fields beside each other",
    begin: () => ({}),
    settings: () => [
      choice("frameNameMode", "Names of answers", "field", [
        ["field", "before the field"],
        ["label", "as a label"],
        ["drop", "left out"],
      ]),
    ],
  },
  {
    id: "labelsToFields",
    name: "Tags to fields",
    what: "tags of series as columns",
    begin: () => ({}),
    settings: () => [
      choice("mode", "As", "columns", [
        ["columns", "columns"],
        ["rows", "rows"],
      ]),
      { path: "valueLabel", label: "Tag that names the value", input: "text" },
    ],
  },
  {
    id: "groupingToMatrix",
    name: "Grouping to matrix",
    what: "one column across, one down",
    begin: ([row = "Time", column = "Time", value = "Value"]) => ({
      rowField: row,
      columnField: column,
      valueField: value,
    }),
    settings: () => [
      field("columnField", "Across"),
      field("rowField", "Down"),
      field("valueField", "In the cells"),
    ],
  },
  {
    id: "partitionByValues",
    name: "Partition by values",
    what: "a series for each value of a column",
    begin: () => ({ fields: [] }),
    settings: () => [
      { path: "fields", label: "By", input: "fields" },
      toggle("keepFields", "These columns stay"),
    ],
  },
  {
    id: "prepareTimeSeries",
    name: "Prepare time series",
    what: "tables with times as series",
    begin: () => ({ format: "multi" }),
    settings: () => [
      choice("format", "As", "multi", [
        ["multi", "a series each"],
        ["wide", "one table by time"],
      ]),
    ],
  },
];

/** Names of before, which are kept as they stand. */
const OLD: Readonly<Record<string, string>> = {
  seriesToColumns: "joinByField",
  filterByName: "filterFieldsByName",
  append: "concatenate",
};

export function stepKind(id: string): StepKind | undefined {
  const now = Object.hasOwn(OLD, id) ? OLD[id] : id;
  return STEPS.find((one) => one.id === now);
}
