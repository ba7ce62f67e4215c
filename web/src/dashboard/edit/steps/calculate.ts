/** The settings of a calculated field, which follow from what is calculated. */
import type { Options } from "../../model";
import { recordOf, textOf } from "../../optionValues";
import { REDUCER_TITLES } from "../../reduce";
import type { Choices, Setting } from "../looksOfKinds";

const MODES: Choices = [
  ["binary", "two fields, or a field and a number"],
  ["reduceRow", "the fields of a row"],
  ["unary", "one field"],
  ["windowFunctions", "a moving window"],
  ["cumulativeFunctions", "what has been so far"],
  ["index", "the row's number"],
];
const OPERATORS: Choices = ["+", "-", "*", "/", "**", "%", "=", "!=", "<", ">", "<=", ">="].map((sign) => [
  sign,
  sign,
]);
const UNARY: Choices = [
  ["abs", "without its sign"],
  ["round", "rounded"],
  ["floor", "rounded down"],
  ["ceil", "rounded up"],
  ["ln", "natural logarithm"],
  ["exp", "e to the power of it"],
  ["percent", "times 100"],
];

/** Numbers are what is calculated with: the second field where there is one, as the first is mostly the time. */
export function calculateBegin(fields: readonly string[]): Options {
  const left = fields[1] ?? fields[0] ?? "";
  return {
    mode: "binary",
    reduce: { reducer: "sum" },
    binary: { left, operator: "+", right: fields[2] ?? "1" },
    replaceFields: false,
  };
}

/** Where one side of a calculation stands: newer dashboards say how it is found. */
function sidePath(options: Options, side: "left" | "right"): string {
  const given = recordOf(recordOf(options["binary"])[side]);
  if (given["matcher"] !== undefined) return `binary.${side}.matcher.options`;
  return given["fixed"] === undefined ? `binary.${side}` : `binary.${side}.fixed`;
}

const field = (path: string, label: string): Setting => ({ path, label, input: "field" });
const reducers = (path: string, usual: string): Setting => ({
  path,
  label: "Figure",
  input: "choice",
  usual,
  choices: Object.entries(REDUCER_TITLES),
});

function ofMode(mode: string, options: Options): Setting[] {
  if (mode === "binary")
    return [
      field(sidePath(options, "left"), "Field"),
      { path: "binary.operator", label: "Sign", input: "choice", usual: "+", choices: OPERATORS },
      field(sidePath(options, "right"), "Field or number"),
    ];
  if (mode === "unary")
    return [
      { path: "unary.operator", label: "Becomes", input: "choice", usual: "abs", choices: UNARY },
      field("unary.fieldName", "Field"),
    ];
  if (mode === "windowFunctions")
    return [
      field("window.field", "Field"),
      reducers("window.reducer", "mean"),
      {
        path: "window.windowSizeMode",
        label: "Length in",
        input: "choice",
        usual: "percentage",
        choices: [
          ["percentage", "a share of all rows"],
          ["fixed", "rows"],
        ],
      },
      { path: "window.windowSize", label: "Length", input: "number", usual: 0.1 },
      {
        path: "window.windowAlignment",
        label: "Window",
        input: "choice",
        usual: "trailing",
        choices: [
          ["trailing", "up to the row"],
          ["centered", "around the row"],
        ],
      },
    ];
  if (mode === "cumulativeFunctions")
    return [
      field("cumulative.field", "Field"),
      {
        path: "cumulative.reducer",
        label: "Figure",
        input: "choice",
        usual: "sum",
        choices: [
          ["sum", "Total"],
          ["mean", "Mean"],
        ],
      },
    ];
  if (mode === "index") return [{ path: "index.asPercentile", label: "As a share", input: "switch" }];
  return [
    { path: "reduce.include", label: "Fields (none: all numbers)", input: "fields" },
    reducers("reduce.reducer", "sum"),
  ];
}

export function calculateSettings(options: Options): readonly Setting[] {
  return [
    { path: "mode", label: "Of", input: "choice", usual: "reduceRow", choices: MODES },
    ...ofMode(textOf(options["mode"], "reduceRow"), options),
    { path: "alias", label: "Called", input: "text", hint: "as it is made" },
    { path: "replaceFields", label: "Only this one stays", input: "switch" },
  ];
}
