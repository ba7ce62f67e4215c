/** Settings of single series: whom they are for, and what they may be, as Grafana keeps them. */
import type { Override } from "../model";
import type { Choices, Setting } from "./looksOfKinds";

export const MATCHERS: readonly (readonly [id: string, name: string])[] = [
  ["byName", "Name"],
  ["byRegexp", "Names that fit"],
  ["byType", "Type of values"],
  ["byFrameRefID", "Query"],
];

export const FIELD_TYPES: Choices = [
  ["number", "numbers"],
  ["string", "texts"],
  ["time", "times"],
  ["boolean", "true or false"],
];

/** What a matcher begins with. */
export function beginning(id: string, about: { readonly name: string; readonly refId: string }): string {
  if (id === "byType") return "number";
  if (id === "byFrameRefID") return about.refId;
  return id === "byRegexp" ? "/.*/" : about.name;
}

export interface Property {
  readonly id: string;
  readonly types: readonly string[] | "all";
  /** How its value is changed; the path is that within the value, empty where the value itself is it. */
  readonly setting: Setting;
  /** What the value begins with, and keeps where only a part of it is changed. */
  readonly begin: unknown;
}

const CHARTS = ["timeseries"];
const BARS = [...CHARTS, "barchart", "histogram"];
const STATES = ["state-timeline", "status-history"];
const TABLES = ["table"];

const property = (
  id: string,
  label: string,
  input: Setting["input"],
  begin: unknown,
  more: Partial<Setting> & { readonly types?: readonly string[] } = {},
): Property => {
  const { types, ...rest } = more;
  return { id, types: types ?? "all", begin, setting: { path: "", label, input, ...rest } };
};

export const PROPERTIES: readonly Property[] = [
  property("displayName", "Name", "text", ""),
  property("unit", "Unit", "unit", "none"),
  property("decimals", "Decimals", "number", 1),
  property("min", "Least", "number", 0),
  property("max", "Most", "number", 100),
  property("noValue", "Instead of nothing", "text", "-"),
  property("color", "Colours", "scheme", { mode: "fixed", fixedColor: "red" }),
  property("thresholds", "Thresholds", "thresholds", {
    mode: "absolute",
    steps: [
      { color: "green", value: null },
      { color: "red", value: 80 },
    ],
  }),
  property("mappings", "Value mappings", "mappings", []),
  property("links", "Data links", "links", []),
  property("custom.axisPlacement", "Axis", "choice", "right", {
    types: BARS,
    choices: [
      ["auto", "as fits"],
      ["left", "left"],
      ["right", "right"],
      ["hidden", "hidden"],
    ],
  }),
  property("custom.axisLabel", "Text at the axis", "text", "", { types: BARS }),
  property("custom.axisSoftMin", "Axis from, if values allow", "number", 0, { types: CHARTS }),
  property("custom.axisSoftMax", "Axis to, if values allow", "number", 100, { types: CHARTS }),
  property(
    "custom.scaleDistribution",
    "Scale",
    "choice",
    { type: "log", log: 10 },
    {
      types: CHARTS,
      path: "type",
      choices: [
        ["linear", "linear"],
        ["log", "logarithmic"],
      ],
    },
  ),
  property("custom.drawStyle", "Drawn as", "choice", "bars", {
    types: CHARTS,
    choices: [
      ["line", "lines"],
      ["bars", "bars"],
      ["points", "points"],
    ],
  }),
  property("custom.lineInterpolation", "Between points", "choice", "smooth", {
    types: CHARTS,
    choices: [
      ["linear", "straight"],
      ["smooth", "smooth"],
      ["stepBefore", "step before"],
      ["stepAfter", "step after"],
    ],
  }),
  property("custom.lineWidth", "Line width", "number", 2, { types: [...BARS, ...STATES] }),
  property(
    "custom.lineStyle",
    "Line",
    "choice",
    { fill: "dash", dash: [10, 10] },
    {
      types: CHARTS,
      path: "fill",
      choices: [
        ["solid", "solid"],
        ["dash", "dashes"],
        ["dot", "dots"],
      ],
    },
  ),
  property("custom.fillOpacity", "Fill, percent", "number", 20, { types: [...BARS, ...STATES] }),
  property("custom.fillBelowTo", "Fill down to the series", "text", "", { types: CHARTS }),
  property(
    "custom.stacking",
    "Stacked",
    "choice",
    { mode: "normal", group: "A" },
    {
      types: [...CHARTS, "barchart"],
      path: "mode",
      choices: [
        ["none", "not"],
        ["normal", "on top of each other"],
        ["percent", "to 100 percent"],
      ],
    },
  ),
  property("custom.transform", "Values", "choice", "negative-Y", {
    types: CHARTS,
    choices: [
      ["", "as they are"],
      ["negative-Y", "drawn downwards"],
    ],
  }),
  property("custom.spanNulls", "Where nothing is", "choice", true, {
    types: [...CHARTS, ...STATES],
    choices: [
      [false, "a gap"],
      [true, "connected"],
    ],
  }),
  property("custom.showPoints", "Points", "choice", "never", {
    types: CHARTS,
    choices: [
      ["auto", "where they are few"],
      ["always", "always"],
      ["never", "never"],
    ],
  }),
  property("custom.pointSize", "Size of points", "number", 5, { types: CHARTS }),
  property(
    "custom.hideFrom",
    "Hidden in",
    "hide",
    { legend: false, tooltip: false, viz: true },
    {
      types: [...BARS, ...STATES, "piechart", "heatmap"],
    },
  ),
  property("custom.width", "Width of the column, pixels", "number", 120, { types: TABLES }),
  property("custom.align", "Aligned", "choice", "right", {
    types: TABLES,
    choices: [
      ["auto", "as fits"],
      ["left", "left"],
      ["center", "in the middle"],
      ["right", "right"],
    ],
  }),
  property(
    "custom.cellOptions",
    "Cell",
    "choice",
    { type: "color-background" },
    {
      types: TABLES,
      path: "type",
      choices: [
        ["auto", "as fits"],
        ["color-text", "coloured text"],
        ["color-background", "coloured ground"],
        ["gauge", "bar"],
        ["sparkline", "small chart"],
        ["json-view", "JSON"],
      ],
    },
  ),
  property("custom.hidden", "Hidden", "switch", true, { types: TABLES }),
];

export const propertyOf = (id: string): Property | undefined => PROPERTIES.find((one) => one.id === id);

/** What may still be set for a kind of panel beside what is set. */
export function propertiesFor(type: string, override: Override): Property[] {
  const has = new Set(override.properties.map(({ id }) => id));
  return PROPERTIES.filter(({ id, types }) => !has.has(id) && (types === "all" || types.includes(type)));
}

/** The axes on which single series are put by their names. */
export function axesByName(overrides: readonly Override[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { matcher, properties } of overrides) {
    if (matcher.id !== "byName" || typeof matcher.options !== "string") continue;
    const axis = properties.find(({ id }) => id === AXIS)?.value;
    if (typeof axis === "string") found.set(matcher.options, axis);
  }
  return found;
}

const AXIS = "custom.axisPlacement";

/** Puts a series on an axis; "auto" takes that setting away, and with it a card that says nothing else. */
export function withAxis(overrides: readonly Override[], name: string, axis: string): Override[] {
  const own = (one: Override): boolean => one.matcher.id === "byName" && one.matcher.options === name;
  const setting = axis === "auto" ? [] : [{ id: AXIS, value: axis }];
  const next = overrides.map((one) => {
    if (!own(one)) return one;
    const rest = one.properties.filter(({ id }) => id !== AXIS);
    return { ...one, properties: [...rest, ...setting] };
  });
  if (setting.length > 0 && !next.some(own))
    return [...next, { matcher: { id: "byName", options: name }, properties: setting }];
  return next.filter((one) => !own(one) || one.properties.length > 0);
}
