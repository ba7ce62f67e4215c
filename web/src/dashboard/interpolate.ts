/** Fills variables into texts: `$var`, `${var:format}`, `[[var]]`, and what Grafana builds in. */
import { formatMoment } from "./moments";

/** What a variable stands for: one text or several, and how people see it. */
export interface Chosen {
  readonly value: string | readonly string[];
  readonly text: string;
  /** Whether several values may be chosen: such a variable is escaped inside a regular expression. */
  readonly multi: boolean;
  /** The text goes in as it is. */
  readonly verbatim?: boolean;
  /** A custom "all" does so whatever format is asked for. */
  readonly customAll?: boolean;
  /** What a repeat goes through where a custom "all" stands for all options. */
  readonly each?: readonly string[];
}

export type Scope = ReadonlyMap<string, Chosen>;
export type Language = "influxql" | "flux" | "sql" | "text";

const VARIABLE = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.[^:^}]+)?(?::([^}]+))?\}/g;

export const one = (value: string, text = value): Chosen => ({ value, text, multi: false });

export function escapeRegex(text: string): string {
  return text.replace(/[\\^$*+?.()|[\]{}/]/g, "\\$&");
}

const listOf = (value: string | readonly string[]): readonly string[] =>
  typeof value === "string" ? [value] : value;
const quoted = (values: readonly string[], quote: string, escape: (text: string) => string): string =>
  values.map((value) => quote + escape(value) + quote).join(",");

function percent(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function asGlob(values: readonly string[]): string {
  return values.length > 1 ? `{${values.join(",")}}` : (values[0] ?? "");
}

function asRegex(values: readonly string[]): string {
  const escaped = values.map(escapeRegex);
  return escaped.length === 1 ? (escaped[0] ?? "") : `(${escaped.join("|")})`;
}

function asLucene(values: readonly string[]): string {
  const escape = (text: string): string => text.replace(/([!*+\-=<>\s&|()[\]{}^~?:\\/"])/g, "\\$1");
  if (values.length === 0) return "__empty__";
  return values.length === 1
    ? escape(values[0] ?? "")
    : `(${values.map((value) => `"${escape(value)}"`).join(" OR ")})`;
}

function asDate(value: string, pattern: string): string {
  const timeMs = Number(value);
  if (!Number.isFinite(timeMs)) return "NaN";
  if (pattern === "" || pattern === "iso") return new Date(timeMs).toISOString();
  if (pattern === "seconds") return String(Math.round(timeMs / 1000));
  return formatMoment(timeMs, pattern, false);
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A chosen value in one of Grafana's formats; an unknown format is a glob, as Grafana has it. */
export function formatValue(chosen: Chosen, format: string, name: string): string {
  const values = listOf(chosen.value);
  const [kind = "", ...rest] = format.split(":");
  switch (kind) {
    case "raw":
    case "csv":
      return values.join(",");
    case "pipe":
      return values.join("|");
    case "regex":
      return asRegex(values);
    case "json":
      return JSON.stringify(typeof chosen.value === "string" ? [chosen.value] : chosen.value);
    case "singlequote":
      return quoted(values, "'", (text) => text.replaceAll("'", "\\'"));
    case "doublequote":
      return quoted(values, '"', (text) => text.replaceAll('"', '\\"'));
    case "sqlstring":
      return quoted(values, "'", (text) => text.replaceAll("'", "''"));
    case "percentencode":
      return values.length > 1 ? percent(`{${values.join(",")}}`) : percent(values[0] ?? "");
    case "uriencode":
      return encodeURI(asGlob(values));
    case "distributed":
      return values.map((value, i) => (i === 0 ? value : `${name}=${value}`)).join(",");
    case "lucene":
      return asLucene(values);
    case "html":
      return values.join(", ").replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);
    case "text":
      return chosen.text;
    case "queryparam":
      return values.map((value) => `var-${name}=${percent(value)}`).join("&");
    case "customqueryparam":
      return values
        .map((value) => `${rest[0] ?? `var-${name}`}=${percent((rest[1] ?? "") + value)}`)
        .join("&");
    case "join":
      return values.join(rest.join(":") || ",");
    case "date":
      return asDate(values[0] ?? "", rest.join(":"));
    default:
      return asGlob(values);
  }
}

/** Whether a place of a text lies between the slashes of a regular expression: `=~ /^$host$/`. */
function insideRegex(text: string, place: number): boolean {
  const before = text.slice(0, place);
  return /(=~|!~|\bFROM|,|\.|\bBY)\s*\(?\s*\/(?:[^/\n\\]|\\.)*$/i.test(before);
}

function usual(chosen: Chosen, name: string, language: Language, regex: boolean): string {
  const values = listOf(chosen.value);
  if (chosen.verbatim === true) return values[0] ?? "";
  if (language === "influxql") {
    if (!chosen.multi) return values.join(",");
    if (regex) return values.length === 1 ? escapeRegex(values[0] ?? "") : asRegex(values);
    return values.length === 1 ? (values[0] ?? "") : `(${values.join("|")})`;
  }
  if (language === "sql") return chosen.multi ? formatValue(chosen, "sqlstring", name) : values.join(",");
  if (language === "text") return values.length > 1 ? values.join(" + ") : (values[0] ?? "");
  return asGlob(values);
}

/** Fills the variables of a scope into a text; names that the scope does not have stay as they stand. */
export function interpolate(text: string, scope: Scope, language: Language = "text"): string {
  return text.replace(VARIABLE, (match, ...groups: unknown[]) => {
    const [bare, old, oldFormat, braced, format] = groups as (string | undefined)[];
    const place = groups[5] as number;
    const name = bare ?? old ?? braced ?? "";
    const chosen = scope.get(name);
    if (chosen === undefined) return match;
    const wanted = oldFormat ?? format;
    const bareAll = chosen.customAll === true && wanted !== "text" && wanted !== "queryparam";
    if (wanted !== undefined && !bareAll) return formatValue(chosen, wanted, name);
    if (name === "__from" || name === "__to") return String(chosen.value);
    return usual(chosen, name, language, insideRegex(text, place));
  });
}

/** The names of the variables that a text mentions. */
export function mentioned(text: string): Set<string> {
  return new Set([...text.matchAll(VARIABLE)].map((match) => match[1] ?? match[2] ?? match[4] ?? ""));
}

export interface QueryTimes {
  readonly fromMs: number;
  readonly toMs: number;
  readonly intervalMs: number;
  readonly interval: string;
}

/** The variables that come from the time range, which every query may use. */
export function builtIn(times: QueryTimes): Map<string, Chosen> {
  const { fromMs, toMs, intervalMs, interval } = times;
  const spanMs = toMs - fromMs;
  const filter = `time >= ${Math.round(fromMs)}ms and time <= ${Math.round(toMs)}ms`;
  const rateMs = Math.max(intervalMs + 15_000, 60_000);
  const texts: Record<string, string> = {
    __interval: interval,
    __interval_ms: String(intervalMs),
    __rate_interval: `${Math.round(rateMs / 1000)}s`,
    __rate_interval_ms: String(rateMs),
    __from: String(Math.round(fromMs)),
    __to: String(Math.round(toMs)),
    __range: `${Math.round(spanMs / 1000)}s`,
    __range_s: String(Math.round(spanMs / 1000)),
    __range_ms: String(Math.round(spanMs)),
    timeFilter: filter,
    __timeFilter: filter,
  };
  return new Map(Object.entries(texts).map(([name, text]) => [name, { ...one(text), verbatim: true }]));
}

/** Grafana's `$interval` is the same as `$__interval`, unless the dashboard has a variable of that name. */
export function withInterval(scope: Scope, times: QueryTimes): Scope {
  const all = new Map([...builtIn(times), ...scope]);
  if (!all.has("interval")) all.set("interval", { ...one(times.interval), verbatim: true });
  return all;
}

/** Replaces `v.timeRangeStart` and its relatives, which Grafana gives to every Flux query. */
export function fillFlux(text: string, times: QueryTimes, bucket: string): string {
  const values: Readonly<Record<string, string>> = {
    timeRangeStart: new Date(times.fromMs).toISOString(),
    timeRangeStop: new Date(times.toMs).toISOString(),
    windowPeriod: `${times.intervalMs}ms`,
    defaultBucket: JSON.stringify(bucket),
    bucket: JSON.stringify(bucket),
    organization: '""',
  };
  return text.replace(/\bv\.(\w+)\b/g, (match, name: string) => values[name] ?? match);
}
