/** The variables of a dashboard: their options, what is chosen, and what they stand for in queries. */
import {
  fillFlux,
  interpolate,
  mentioned,
  one,
  withInterval,
  type Chosen,
  type Language,
  type QueryTimes,
  type Scope,
} from "./interpolate";
import type { VariableModel, VariableOption } from "./model";
import { patternOf } from "./fieldModel";
import { formatInterval, intervalFor, parseInterval, type TimeWindow } from "./time";

export const ALL = "$__all";
const AUTO = "$__auto_interval";

export interface Variable {
  readonly model: VariableModel;
  readonly options: readonly VariableOption[];
  /** Values of options; `$__all` alone for all of them. */
  readonly chosen: readonly string[];
  readonly problem: string | null;
}

export type AskValues = (
  language: Language,
  bucket: string,
  text: string,
) => Promise<readonly VariableOption[]>;

const text = (value: unknown): string =>
  typeof value === "string"
    ? value
    : typeof value === "number" || typeof value === "boolean"
      ? String(value)
      : "";
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(text) : [text(value)]);

/** The text of a query variable, in any of the forms that it has had. */
export function queryText(model: VariableModel): string {
  if (typeof model.query === "string") return model.query;
  const query = model.query as { query?: unknown } | null | undefined;
  return text(query?.query) || (model.definition ?? "");
}

/** Options of a custom or interval variable: `a, b, shown : value`; a comma is written `\,`. */
export function parseOptions(list: string): VariableOption[] {
  const parts = list.match(/(?:\\,|[^,])+/g) ?? [];
  return parts
    .map((part) => part.replaceAll("\\,", ",").trim())
    .filter((part) => part !== "")
    .map((part) => {
      const pair = /^\s*(.+)\s:\s(.+)$/.exec(part);
      return pair === null
        ? { text: part, value: part }
        : { text: (pair[1] ?? "").trim(), value: (pair[2] ?? "").trim() };
    });
}

/** Keeps and cuts values by a variable's regular expression: named groups `text` and `value`, or the first. */
export function filterValues(values: readonly VariableOption[], regex: string): VariableOption[] {
  if (regex === "") return unique(values);
  const pattern = patternOf(regex);
  if (pattern === null) return unique(values);
  const kept: VariableOption[] = [];
  for (const value of values) {
    const found = pattern.exec(value.text);
    if (found === null) continue;
    const named = found.groups;
    if (named?.["value"] !== undefined || named?.["text"] !== undefined) {
      const own = named["value"] ?? named["text"] ?? "";
      kept.push({ text: named["text"] ?? own, value: own });
    } else if (found[1] !== undefined) kept.push({ text: found[1], value: found[1] });
    else kept.push(value);
  }
  return unique(kept);
}

function unique(values: readonly VariableOption[]): VariableOption[] {
  return [...new Map(values.map((option) => [option.value, option])).values()];
}

const firstNumber = (option: VariableOption): number => {
  const found = /(\d+)/.exec(option.text);
  return found === null ? -1 : Number(found[1]);
};
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Sorts by Grafana's number: 1, 2 alphabetical; 3, 4 numerical; 5, 6 without case; 7, 8 natural; even falls. */
export function sortValues(values: readonly VariableOption[], sort: number): VariableOption[] {
  if (sort === 0) return [...values];
  const by = [
    (a: VariableOption, b: VariableOption) => compare(a.text, b.text),
    (a: VariableOption, b: VariableOption) => firstNumber(a) - firstNumber(b),
    (a: VariableOption, b: VariableOption) => compare(a.text.toLowerCase(), b.text.toLowerCase()),
    (a: VariableOption, b: VariableOption) => a.text.localeCompare(b.text, undefined, { numeric: true }),
  ][Math.floor((sort - 1) / 2)];
  const sorted = [...values].sort(by);
  return sort % 2 === 0 ? sorted.reverse() : sorted;
}

/** Variables in an order in which each comes after those that it mentions. */
export function inOrder(models: readonly VariableModel[]): VariableModel[] {
  const done: VariableModel[] = [];
  const visiting = new Set<string>();
  const visit = (model: VariableModel): void => {
    if (visiting.has(model.name)) return;
    visiting.add(model.name);
    const needs = mentioned(`${queryText(model)} ${model.regex ?? ""}`);
    for (const other of models) if (needs.has(other.name)) visit(other);
    done.push(model);
  };
  models.forEach(visit);
  return done;
}

function storedOptions(model: VariableModel): VariableOption[] {
  return (model.options ?? [])
    .map((option) => ({ text: texts(option.text).join(" + "), value: texts(option.value).join(",") }))
    .filter((option) => option.value !== ALL);
}

const POINTS = 100;
/** The times that a variable's query may mention as a panel's does. */
function timesOf(window: TimeWindow): QueryTimes {
  const intervalMs = intervalFor(window, POINTS, 1000);
  return { ...window, intervalMs, interval: formatInterval(intervalMs) };
}

async function optionsOf(
  model: VariableModel,
  scope: Scope,
  window: TimeWindow,
  ask: AskValues,
): Promise<VariableOption[]> {
  const current = texts(model.current?.value);
  if (model.type === "query") {
    const language = (model["x-helio"]?.language ?? "influxql") as Language;
    const times = timesOf(window);
    const filled = interpolate(queryText(model), withInterval(scope, times), language);
    const query =
      language === "flux" ? fillFlux(filled, times, model["x-helio"]?.bucket ?? "telegraf") : filled;
    const values = query === "" ? [] : await ask(language, model["x-helio"]?.bucket ?? "", query);
    return sortValues(filterValues(values, interpolate(model.regex ?? "", scope)), model.sort ?? 0);
  }
  if (model.type === "custom") return parseOptions(text(model.query));
  if (model.type === "interval") {
    const auto = model.auto === true ? [{ text: "auto", value: AUTO }] : [];
    return [...auto, ...parseOptions(text(model.query))];
  }
  if (model.type === "constant") return [{ text: text(model.query), value: text(model.query) }];
  if (model.type === "datasource") return [{ text: "This hub", value: current[0] ?? "helio" }];
  return storedOptions(model);
}

/** What to choose among options: the address's wish, else the dashboard's own, else the first. */
export function choose(
  model: VariableModel,
  options: readonly VariableOption[],
  wished: readonly string[] | undefined,
): readonly string[] {
  if (model.type === "textbox") return [wished?.[0] ?? (text(model.current?.value) || text(model.query))];
  if (model.type === "constant" || model.type === "datasource") return [options[0]?.value ?? ""];
  const known = new Map(
    options.flatMap((option) => [
      [option.text, option.value],
      [option.value, option.value],
    ]),
  );
  for (const list of [wished, texts(model.current?.value)]) {
    if (list === undefined) continue;
    if (model.includeAll === true && list.some((value) => value === ALL || value === "All")) return [ALL];
    const auto = list.some((value) => value.startsWith(AUTO)) ? [AUTO] : [];
    const kept = [...auto, ...list.flatMap((value) => known.get(value) ?? [])];
    if (kept.length > 0) return model.multi === true ? kept : kept.slice(0, 1);
  }
  if (wished !== undefined && wished.length > 0 && options.length === 0) return wished;
  return options[0] === undefined ? (model.includeAll === true ? [ALL] : []) : [options[0].value];
}

/** What a variable stands for in a query. */
export function chosenOf(variable: Variable, window: TimeWindow): Chosen {
  const { model, options, chosen } = variable;
  const multi = model.multi === true || model.includeAll === true;
  if (chosen[0] === ALL) {
    const each = options.map((option) => option.value);
    if (model.allValue != null && model.allValue !== "")
      return { value: model.allValue, text: "All", multi, verbatim: true, customAll: true, each };
    return { value: each, text: "All", multi };
  }
  if (model.type === "interval" && chosen[0]?.startsWith(AUTO) === true) {
    const leastMs = parseInterval(model.auto_min ?? "") ?? 1;
    const auto = formatInterval(intervalFor(window, model.auto_count ?? 30, leastMs));
    return { ...one(auto), verbatim: true };
  }
  const shown = chosen.map((value) => options.find((option) => option.value === value)?.text ?? value);
  const value = model.multi === true ? chosen : (chosen[0] ?? "");
  return { value, text: shown.join(" + "), multi };
}

export function scopeOf(variables: readonly Variable[], window: TimeWindow): Map<string, Chosen> {
  return new Map(variables.map((variable) => [variable.model.name, chosenOf(variable, window)]));
}

/** Loads every variable, each with those before it filled in; one that fails says why and leaves the rest. */
export async function loadVariables(
  models: readonly VariableModel[],
  wishes: ReadonlyMap<string, readonly string[]>,
  window: TimeWindow,
  builtIns: Scope,
  ask: AskValues,
): Promise<Variable[]> {
  const loaded: Variable[] = [];
  for (const model of inOrder(models)) {
    const scope = new Map([...builtIns, ...scopeOf(loaded, window)]);
    const wished = wishes.get(model.name);
    let options: VariableOption[] = [];
    let problem: string | null = null;
    try {
      options = await optionsOf(model, scope, window, ask);
    } catch (cause) {
      if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
      problem = cause instanceof Error ? cause.message : String(cause);
      options = storedOptions(model);
    }
    loaded.push({ model, options, chosen: choose(model, options, wished), problem });
  }
  return models.flatMap((model) => loaded.find((variable) => variable.model === model) ?? []);
}

/** Adds ad hoc filters to the WHERE of an InfluxQL text, as Grafana does. */
export function withFilters(query: string, models: readonly VariableModel[]): string {
  const filters = models
    .flatMap((model) => (model.type === "adhoc" ? (model.filters ?? []) : []))
    // One that is being made names no tag yet.
    .filter(({ key }) => key !== "");
  if (filters.length === 0 || !/\bwhere\b/i.test(query)) return query;
  const conditions = filters.map(({ key, operator, value }) => {
    const name = `"${key.replaceAll('"', '\\"')}"`;
    const regex = operator === "=~" || operator === "!~";
    const right = regex ? `/${value.replaceAll("/", "\\/")}/` : `'${value.replaceAll("'", "\\'")}'`;
    return `${name} ${operator} ${right}`;
  });
  return query.replace(/\bwhere\b/i, (word) => `${word} ${conditions.join(" AND ")} AND`);
}
