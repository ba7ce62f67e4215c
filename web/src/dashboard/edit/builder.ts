/** The query builder's parts, in Grafana's form, and the InfluxQL that they make.
 *
 * The same as `heliograph.dashboards.builder` on the hub; `tests/golden/builder_texts.json` holds both to it.
 */
import type { Target } from "../model";

export interface Part {
  readonly type: string;
  readonly params?: readonly (string | number)[];
}

export interface Term {
  readonly key: string;
  readonly operator?: string;
  readonly value: string;
  readonly condition?: string;
}

export interface BuilderTarget extends Target {
  readonly datasource?: unknown;
  readonly rawQuery?: boolean;
  readonly measurement?: string;
  readonly policy?: string;
  readonly select?: readonly (readonly Part[])[];
  readonly groupBy?: readonly Part[];
  readonly tags?: readonly Term[];
  readonly orderByTime?: string;
  readonly limit?: string | number;
  readonly slimit?: string | number;
  readonly tz?: string;
  /** The bucket that is asked where it is not the data source's own; the text then names it, for Grafana. */
  readonly bucket?: string;
}

export const DEFAULT_BUCKET = "telegraf";
const BARE_OPERATORS: ReadonlySet<string> = new Set(["=~", "!~", "<", ">", ">=", "<="]);
const OLD_FIELD: readonly (readonly Part[])[] = [[{ type: "field", params: ["value"] }, { type: "mean" }]];

/** A name in double quotes; a star, a pattern, and what is cast, as the builder writes them. */
export function quoted(name: string): string {
  const cast = /^([^]*)::(tag|field)$/.exec(name);
  if (name === "*" || isPattern(name)) return name;
  if (cast !== null) return `${quoted(cast[1] ?? "")}::${cast[2] ?? ""}`;
  if (name.length > 1 && name.startsWith('"') && name.endsWith('"')) return name;
  return `"${name.replaceAll('"', '\\"')}"`;
}

const isPattern = (text: string): boolean => text.length > 1 && text.startsWith("/") && text.endsWith("/");
const given = (part: Part): string[] => (part.params ?? []).map(String).filter((one) => one !== "");
const text = (value: string): string => `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

function column(parts: readonly Part[]): string {
  let shown = "";
  for (const part of parts) {
    const own = given(part);
    const [first] = own;
    if (part.type === "field") shown = quoted(first ?? "value");
    else if (part.type === "math") shown = `${shown} ${first ?? ""}`.trimEnd();
    else if (part.type === "alias") shown = first === undefined ? shown : `${shown} AS ${quoted(first)}`;
    else if (part.type !== "") shown = `${part.type}(${[shown, ...own].join(", ")})`;
  }
  return shown;
}

function source(target: BuilderTarget): string {
  const measurement = target.measurement ?? "";
  const named = isPattern(measurement) ? measurement : quoted(measurement);
  const policy = target.policy ?? "";
  const before = policy === "" || policy === "default" ? "" : `${quoted(policy)}.`;
  if (otherBucket(target) === null) return before + named;
  return `${quoted(target.bucket ?? "")}.${before === "" ? "." : before}${named}`;
}

/** The bucket that the text must name, because it is not the one of the data source. */
export function otherBucket(target: BuilderTarget): string | null {
  const { bucket } = target;
  return bucket === undefined || bucket === "" || bucket === DEFAULT_BUCKET ? null : bucket;
}

function condition(terms: readonly Term[]): string {
  const shown = terms.filter(({ key }) => key !== "").map(term);
  return shown.length === 0 ? "$timeFilter" : `(${shown.join(" ")}) AND $timeFilter`;
}

function term(one: Term, place: number): string {
  let shown = one.value;
  let operator = one.operator ?? "";
  if (operator === "") operator = isPattern(shown) ? "=~" : "=";
  if (operator === "Is" || operator === "Is Not") {
    operator = operator === "Is" ? "=" : "!=";
    shown = /^(true|false|\d+)$/.test(shown) ? shown : text(shown);
  } else if (!BARE_OPERATORS.has(operator)) shown = text(shown);
  const before = place === 0 ? "" : `${(one.condition ?? "AND").toUpperCase()} `;
  return `${before}${quoted(one.key)} ${operator} ${shown}`;
}

function group(parts: readonly Part[]): string {
  const terms: string[] = [];
  let fill = "";
  for (const part of parts) {
    const [first, ...rest] = given(part);
    if (part.type === "time") {
      const interval = first === undefined || first === "auto" ? "$__interval" : first;
      terms.push(`time(${[interval, ...rest].join(", ")})`);
    } else if (part.type === "tag" && first !== undefined) terms.push(quoted(first));
    else if (part.type === "fill" && first !== undefined) fill = ` fill(${first})`;
  }
  return terms.length === 0 ? fill : ` GROUP BY ${terms.join(", ")}${fill}`;
}

function ending(target: BuilderTarget): string {
  const order = (target.orderByTime ?? "").toUpperCase();
  let shown = order === "ASC" || order === "DESC" ? ` ORDER BY time ${order}` : "";
  for (const key of ["limit", "slimit"] as const) {
    const value = String(target[key] ?? "").trim();
    if (/^(\d+$|\$|\[)/.test(value)) shown += ` ${key} ${value}`;
  }
  const zone = (target.tz ?? "").trim();
  return zone === "" ? shown : `${shown} tz('${zone}')`;
}

/** The InfluxQL of a target's parts, empty where it names no measurement. */
export function builderText(target: BuilderTarget): string {
  if ((target.measurement ?? "") === "") return "";
  const select = target.select === undefined || target.select.length === 0 ? OLD_FIELD : target.select;
  const columns = select.map(column).filter((shown) => shown !== "");
  return [
    `SELECT ${columns.length === 0 ? "*" : columns.join(", ")} FROM ${source(target)}`,
    ` WHERE ${condition(target.tags ?? [])}`,
    group(target.groupBy ?? []),
    ending(target),
  ].join("");
}

/** A target with the text that its parts make. Where the text names a bucket, Grafana is given the text. */
export function rebuilt(target: BuilderTarget): BuilderTarget {
  const next = { ...target, query: builderText(target), rawQuery: otherBucket(target) !== null };
  const how = target["x-helio"];
  const bucket = (target.bucket ?? "") === "" ? (how?.bucket ?? DEFAULT_BUCKET) : (target.bucket ?? "");
  return { ...next, "x-helio": { ...how, language: "influxql", bucket } };
}

/** Whether a target can be shown in the builder: what it asks is what its parts make. */
export function isBuilt(target: BuilderTarget): boolean {
  if ((target["x-helio"]?.language ?? "influxql") !== "influxql") return false;
  if ((target.measurement ?? "") === "") return (target.query ?? "").trim() === "";
  if (target.rawQuery !== true) return true;
  return otherBucket(target) !== null && target.query === builderText(target);
}
