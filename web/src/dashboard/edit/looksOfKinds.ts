/** What a setting of a panel is, and the settings that only single kinds of panels have. */
import { REDUCER_TITLES } from "../reduce";

export type Choices = readonly (readonly [value: string | boolean | number, text: string])[];

export interface Setting {
  readonly path: string;
  readonly label: string;
  readonly input:
    | "switch"
    | "choice"
    | "number"
    | "text"
    | "long"
    | "reducers"
    | "unit"
    | "scheme"
    | "hide"
    | "thresholds"
    | "mappings"
    | "links"
    | "field"
    | "fields";
  readonly choices?: Choices;
  /** What counts where the JSON says nothing. */
  readonly usual?: unknown;
  readonly hint?: string;
}

export interface Group {
  readonly name: string;
  readonly types: readonly string[] | "all" | "data";
  readonly settings: readonly Setting[];
}

const REDUCERS: Choices = Object.entries(REDUCER_TITLES);
const ONE_VALUE = ["stat", "gauge", "bargauge", "piechart"];

export const KIND_GROUPS: readonly Group[] = [
  {
    name: "Text",
    types: ["text"],
    settings: [
      {
        path: "options.mode",
        label: "Written in",
        input: "choice",
        usual: "markdown",
        choices: [
          ["markdown", "Markdown"],
          ["html", "HTML"],
          ["code", "plain text"],
        ],
      },
      { path: "options.content", label: "Content", input: "long" },
    ],
  },
  {
    name: "Value",
    types: ONE_VALUE,
    settings: [
      {
        path: "options.reduceOptions.calcs.0",
        label: "Shows",
        input: "choice",
        choices: REDUCERS,
        usual: "lastNotNull",
      },
    ],
  },
  {
    name: "Stat",
    types: ["stat"],
    settings: [
      {
        path: "options.colorMode",
        label: "Colour of",
        input: "choice",
        usual: "value",
        choices: [
          ["value", "the value"],
          ["background", "the background"],
          ["background_solid", "the background, plain"],
          ["none", "nothing"],
        ],
      },
      {
        path: "options.graphMode",
        label: "Sparkline",
        input: "choice",
        usual: "area",
        choices: [
          ["area", "shown"],
          ["none", "not shown"],
        ],
      },
      {
        path: "options.textMode",
        label: "Text",
        input: "choice",
        usual: "auto",
        choices: [
          ["auto", "as fits"],
          ["value", "value"],
          ["value_and_name", "value and name"],
          ["name", "name"],
          ["none", "none"],
        ],
      },
    ],
  },
  {
    name: "Gauge",
    types: ["gauge"],
    settings: [
      { path: "options.showThresholdLabels", label: "Numbers at thresholds", input: "switch" },
      { path: "options.showThresholdMarkers", label: "Ring of thresholds", input: "switch", usual: true },
    ],
  },
  {
    name: "Bars",
    types: ["bargauge"],
    settings: [
      {
        path: "options.orientation",
        label: "Direction",
        input: "choice",
        usual: "auto",
        choices: [
          ["auto", "as fits"],
          ["horizontal", "across"],
          ["vertical", "upwards"],
        ],
      },
      {
        path: "options.displayMode",
        label: "Drawn as",
        input: "choice",
        usual: "gradient",
        choices: [
          ["gradient", "gradient"],
          ["lcd", "LCD"],
          ["basic", "plain"],
        ],
      },
    ],
  },
  {
    name: "Pie",
    types: ["piechart"],
    settings: [
      {
        path: "options.pieType",
        label: "Form",
        input: "choice",
        usual: "pie",
        choices: [
          ["pie", "pie"],
          ["donut", "ring"],
        ],
      },
    ],
  },
];
