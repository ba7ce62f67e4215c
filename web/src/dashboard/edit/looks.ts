/** The settings of a panel that the editor shows: where each stands in Grafana's JSON, and for which kinds of panels. */
import { KIND_GROUPS, type Group } from "./looksOfKinds";

export const VISUALISATIONS: readonly (readonly [type: string, name: string])[] = [
  ["timeseries", "Time series"],
  ["stat", "Stat"],
  ["gauge", "Gauge"],
  ["bargauge", "Bar gauge"],
  ["table", "Table"],
  ["barchart", "Bar chart"],
  ["piechart", "Pie chart"],
  ["histogram", "Histogram"],
  ["heatmap", "Heat map"],
  ["state-timeline", "State timeline"],
  ["status-history", "Status history"],
  ["logs", "Logs"],
  ["geomap", "Map (a table of places)"],
  ["text", "Text"],
  ["grafana-clock-panel", "Clock"],
  ["alertlist", "Alert list"],
];

/** Kinds that ask nothing. */
export const UNASKING: ReadonlySet<string> = new Set([
  "text",
  "grafana-clock-panel",
  "alertlist",
  "row",
  "dashlist",
]);

const WITH_LEGEND = ["timeseries", "barchart", "piechart", "histogram", "state-timeline", "status-history"];
const D = "fieldConfig.defaults";
const C = `${D}.custom`;

export const GROUPS: readonly Group[] = [
  {
    name: "Panel",
    types: "all",
    settings: [
      { path: "description", label: "Description", input: "long" },
      { path: "transparent", label: "Without a background", input: "switch" },
    ],
  },
  ...KIND_GROUPS,
  {
    name: "Lines",
    types: ["timeseries"],
    settings: [
      {
        path: `${C}.drawStyle`,
        label: "Drawn as",
        input: "choice",
        usual: "line",
        choices: [
          ["line", "lines"],
          ["bars", "bars"],
          ["points", "points"],
        ],
      },
      {
        path: `${C}.lineInterpolation`,
        label: "Between points",
        input: "choice",
        usual: "linear",
        choices: [
          ["linear", "straight"],
          ["smooth", "smooth"],
          ["stepBefore", "step before"],
          ["stepAfter", "step after"],
        ],
      },
      { path: `${C}.lineWidth`, label: "Line width", input: "number", usual: 1 },
      { path: `${C}.fillOpacity`, label: "Fill, percent", input: "number", usual: 0 },
      {
        path: `${C}.stacking.mode`,
        label: "Stacked",
        input: "choice",
        usual: "none",
        choices: [
          ["none", "not"],
          ["normal", "on top of each other"],
          ["percent", "to 100 percent"],
        ],
      },
      {
        path: `${C}.spanNulls`,
        label: "Where nothing is",
        input: "choice",
        usual: false,
        choices: [
          [false, "a gap"],
          [true, "connected"],
        ],
      },
      {
        path: `${C}.showPoints`,
        label: "Points",
        input: "choice",
        usual: "auto",
        choices: [
          ["auto", "where they are few"],
          ["always", "always"],
          ["never", "never"],
        ],
      },
      {
        path: `${C}.scaleDistribution.type`,
        label: "Scale",
        input: "choice",
        usual: "linear",
        choices: [
          ["linear", "linear"],
          ["log", "logarithmic"],
        ],
      },
      {
        path: `${C}.axisPlacement`,
        label: "Axis",
        input: "choice",
        usual: "auto",
        choices: [
          ["auto", "as fits"],
          ["left", "left"],
          ["right", "right"],
          ["hidden", "hidden"],
        ],
      },
      { path: `${C}.axisLabel`, label: "Text at the axis", input: "text" },
      { path: `${C}.axisSoftMin`, label: "Axis from, if values allow", input: "number" },
      { path: `${C}.axisSoftMax`, label: "Axis to, if values allow", input: "number" },
      {
        path: `${C}.thresholdsStyle.mode`,
        label: "Thresholds",
        input: "choice",
        usual: "off",
        choices: [
          ["off", "not drawn"],
          ["line", "lines"],
          ["dashed", "dashed lines"],
          ["area", "areas"],
          ["line+area", "lines and areas"],
        ],
      },
    ],
  },
  {
    name: "Legend",
    types: WITH_LEGEND,
    settings: [
      { path: "options.legend.showLegend", label: "Shown", input: "switch", usual: true },
      {
        path: "options.legend.displayMode",
        label: "As",
        input: "choice",
        usual: "list",
        choices: [
          ["list", "list"],
          ["table", "table"],
        ],
      },
      {
        path: "options.legend.placement",
        label: "Place",
        input: "choice",
        usual: "bottom",
        choices: [
          ["bottom", "below"],
          ["right", "right"],
        ],
      },
      { path: "options.legend.calcs", label: "Figures", input: "reducers" },
    ],
  },
  {
    name: "Numbers",
    types: "data",
    settings: [
      { path: `${D}.decimals`, label: "Decimals", input: "number", hint: "as fits" },
      { path: `${D}.min`, label: "Least", input: "number", hint: "as the data are" },
      { path: `${D}.max`, label: "Most", input: "number", hint: "as the data are" },
      { path: `${D}.displayName`, label: "Name of the series", input: "text", hint: "as the query says" },
      { path: `${D}.noValue`, label: "Instead of nothing", input: "text", hint: "No data" },
      { path: `${D}.color`, label: "Colours", input: "scheme" },
    ],
  },
  {
    name: "Time and asking",
    types: "all",
    settings: [
      { path: "timeFrom", label: "Own range", input: "text", hint: "such as 1h or 7d" },
      { path: "timeShift", label: "Earlier by", input: "text", hint: "such as 1d" },
      { path: "hideTimeOverride", label: "Own times are not told in the title", input: "switch" },
      { path: "interval", label: "Least interval", input: "text", hint: "such as 10s" },
      { path: "maxDataPoints", label: "Points at most", input: "number", hint: "as the width is" },
    ],
  },
];

/** The groups that a kind of panel has. */
export const groupsFor = (type: string): Group[] =>
  GROUPS.filter(({ types }) =>
    types === "all" ? true : types === "data" ? !UNASKING.has(type) : types.includes(type),
  );
