/** Changes of a dashboard's variables, in the form that Grafana keeps. */
import type { DashboardView, VariableModel } from "../model";

export const TYPES: readonly (readonly [type: string, name: string, what: string])[] = [
  ["query", "Query", "values that the hub knows, such as all hosts"],
  ["custom", "Custom", "a list written by hand"],
  ["interval", "Interval", "lengths of time for GROUP BY time"],
  ["textbox", "Text", "whatever is typed in"],
  ["constant", "Constant", "one value that nobody changes"],
  ["adhoc", "Own filters", "tags that the viewer chooses, for all queries"],
];

const SOURCE = { type: "influxdb", uid: "heliograph-influxql" };

export const variablesOf = (view: DashboardView): readonly VariableModel[] => view.templating?.list ?? [];

/** A variable of a type; what another type does not know is left out. */
export function variableOfType(type: string, name: string, label: string | null = null): VariableModel {
  const about = { name, type, ...(label === null || label === "" ? {} : { label }), hide: 0 };
  if (type === "query")
    return {
      ...about,
      datasource: SOURCE,
      query: "",
      definition: "",
      refresh: 1,
      regex: "",
      sort: 1,
      multi: false,
      includeAll: false,
      current: {},
      options: [],
      "x-helio": { language: "influxql", bucket: "telegraf", datasource: SOURCE },
    };
  if (type === "interval")
    return {
      ...about,
      query: "10s,1m,10m,1h,1d",
      auto: false,
      auto_count: 30,
      auto_min: "10s",
      refresh: 2,
      current: { text: "1m", value: "1m" },
      options: [],
    };
  if (type === "adhoc")
    return {
      ...about,
      datasource: SOURCE,
      filters: [],
      "x-helio": { language: "influxql", bucket: "telegraf", datasource: SOURCE },
    };
  if (type === "custom")
    return { ...about, query: "", multi: false, includeAll: false, current: {}, options: [] };
  return { ...about, query: "", current: { text: "", value: "" }, options: [] };
}

/** A name that no variable has yet. */
export function freeName(list: readonly VariableModel[]): string {
  for (let i = 1; ; i += 1) {
    const name = i === 1 ? "variable" : `variable${i}`;
    if (!list.some((one) => one.name === name)) return name;
  }
}

/** Why a name cannot be that of a variable; null when it can. */
export function nameProblem(name: string, others: readonly VariableModel[]): string | null {
  if (!/^\w+$/.test(name)) return "A name is letters, digits and _, as in $host.";
  if (name.startsWith("__")) return "Names that begin with __ are Grafana's own.";
  return others.some((one) => one.name === name) ? `There is already a variable ${name}.` : null;
}

const withList = (view: DashboardView, list: readonly VariableModel[]): DashboardView => ({
  ...view,
  templating: { ...view.templating, list },
});

export const withVariable = (view: DashboardView, variable: VariableModel): DashboardView =>
  withList(view, [...variablesOf(view), variable]);

export function withVariableAt(
  view: DashboardView,
  index: number,
  changes: Partial<VariableModel>,
): DashboardView {
  return withList(
    view,
    variablesOf(view).map((one, i) => (i === index ? { ...one, ...changes } : one)),
  );
}

export const withoutVariable = (view: DashboardView, index: number): DashboardView =>
  withList(
    view,
    variablesOf(view).filter((_, i) => i !== index),
  );

export function withVariableMoved(view: DashboardView, index: number, by: 1 | -1): DashboardView {
  const list = [...variablesOf(view)];
  const [one, other] = [list[index], list[index + by]];
  if (one === undefined || other === undefined) return view;
  [list[index], list[index + by]] = [other, one];
  return withList(view, list);
}
