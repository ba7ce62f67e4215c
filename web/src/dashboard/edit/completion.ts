/** What may come next in a query's text: first what kinds of names fit, then the names themselves. */
import { KEYWORDS } from "./highlight";
import type { QueryLanguage } from "./targets";

export type Want =
  | { readonly kind: "measurement" | "field" | "tag" | "bucket" | "variable" | "function" | "keyword" }
  | { readonly kind: "value"; readonly tag: string };

export interface Context {
  /** Where the word begins that is being typed, and what there is of it. */
  readonly from: number;
  readonly word: string;
  readonly wants: readonly Want[];
  /** The measurement that the text asks, empty where it names none. */
  readonly measurement: string;
  /** The sign that opens the word, which the completion closes. */
  readonly quote: string;
}

export interface Offer {
  readonly label: string;
  readonly insert: string;
  readonly kind: Want["kind"];
}

export interface Known {
  readonly measurements: readonly string[];
  readonly fields: readonly string[];
  readonly tags: readonly string[];
  readonly values: readonly string[];
  readonly buckets: readonly string[];
  readonly variables: readonly string[];
}

const FUNCTIONS: Readonly<Record<QueryLanguage, readonly string[]>> = {
  influxql: [
    ..."mean median sum count spread stddev distinct integral mode last max min first percentile top bottom".split(
      " ",
    ),
    ..."non_negative_derivative derivative difference non_negative_difference moving_average cumulative_sum".split(
      " ",
    ),
    ..."elapsed abs round floor ceil sqrt pow".split(" "),
  ],
  sql: [
    ..."avg sum count min max median first last quantile_cont stddev time_bucket date_trunc now coalesce".split(
      " ",
    ),
    ..."$__timeFilter(time) $__timeFrom $__timeTo $__dateBin(time)".split(" "),
  ],
  flux: [
    ..."from range filter aggregateWindow mean median sum count min max last first group keep drop map pivot".split(
      " ",
    ),
    ..."rename sort limit window yield derivative difference cumulativeSum fill join union schema.measurements".split(
      " ",
    ),
  ],
};

const BUILT_IN = [
  "timeFilter",
  "__interval",
  "__interval_ms",
  "__rate_interval",
  "__from",
  "__to",
  "__range",
];
const FLUX_COLUMNS = ["_measurement", "_field", "_value", "_time"];
const want = (...kinds: readonly Exclude<Want["kind"], "value">[]): Want[] => kinds.map((kind) => ({ kind }));

function measurementOf(text: string, language: QueryLanguage): string {
  if (language === "flux") return /_measurement\s*==\s*"((?:\\.|[^"\\])*)"/.exec(text)?.[1] ?? "";
  const found = /\bFROM\s+(?:"[^"]*"\.){0,2}\.?(?:"((?:\\.|""|[^"\\])*)"|(\w+))/i.exec(text);
  return (found?.[1] ?? found?.[2] ?? "").replaceAll('\\"', '"').replaceAll('""', '"');
}

/** What fits at a place of a text. */
export function contextAt(text: string, caret: number, language: QueryLanguage): Context {
  const before = text.slice(0, caret);
  const measurement = measurementOf(text, language);
  const variable = /(?:\$\{?|\[\[)(\w*)$/.exec(before);
  if (variable !== null) {
    const word = variable[1] ?? "";
    return { from: caret - variable[0].length, word, wants: want("variable"), measurement, quote: "$" };
  }
  // A string that is open where the caret stands: everything closed is taken away first.
  const open = /(["'])((?:(?!\1)[^\n])*)$/.exec(
    before.replace(/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, blank),
  );
  const word = open === null ? (/\w*$/.exec(before)?.[0] ?? "") : before.slice(open.index + 1);
  const quote = open?.[1] ?? "";
  const from = caret - word.length - quote.length;
  const earlier = text.slice(0, from);
  const wants =
    language === "flux" ? fluxWants(earlier, quote) : statementWants(earlier, quote, language === "sql");
  return { from, word, wants, measurement, quote };
}

const blank = (part: string): string => " ".repeat(part.length);

function statementWants(earlier: string, quote: string, sql: boolean): Want[] {
  const value = /(?:"((?:\\.|[^"\\])*)"|(\w+))(?:::tag)?\s*(?:=|!=|<>)\s*$/.exec(earlier);
  if (value?.[2]?.toUpperCase() === "KEY") return want("tag");
  if (value !== null && quote !== '"') return [{ kind: "value", tag: value[1] ?? value[2] ?? "" }];
  if (quote === "'") return [];
  const words = earlier.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\([^()]*\)/g, blank).toUpperCase();
  const last = [...words.matchAll(/\b(SELECT|FROM|JOIN|WHERE|AND|OR|BY|ON|KEY|LIMIT|SHOW|FILL)\b/g)].at(
    -1,
  )?.[1];
  const columns = sql ? want("field", "tag", "function", "keyword") : want("field", "function", "keyword");
  if (last === "FROM" || last === "JOIN")
    return / (FROM|JOIN)\s+[\w".]*$/.test(` ${words}`) ? want("measurement") : want("keyword", "measurement");
  if (last === "SELECT") return columns;
  if (last === "WHERE" || last === "AND" || last === "OR") return want("tag", "field", "variable", "keyword");
  if (last === "BY") return want("tag", "function", "keyword");
  if (last === "ON") return want("bucket");
  if (last === "KEY") return want("tag");
  return want("keyword");
}

function fluxWants(earlier: string, quote: string): Want[] {
  if (/bucket:\s*$/.test(earlier)) return want("bucket");
  if (/_measurement\s*[=!]=\s*$/.test(earlier)) return want("measurement");
  if (/_field\s*[=!]=\s*$/.test(earlier)) return want("field");
  const tag = /\br(?:\.(\w+)|\["([^"]*)"\])\s*[=!]=\s*$/.exec(earlier);
  if (tag !== null) return [{ kind: "value", tag: tag[1] ?? tag[2] ?? "" }];
  if (quote !== "") return /(?:columns|by):\s*\[[^\]]*$/.test(earlier) ? want("tag") : [];
  if (/\br\.$/.test(earlier)) return want("tag");
  return want("function", "keyword");
}

const simple = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name);

function written(name: string, kind: Want["kind"], context: Context, language: QueryLanguage): string {
  if (kind === "variable") return `$${name}`;
  if (kind === "keyword") return name;
  if (kind === "function") return language !== "flux" && /^\w+$/.test(name) ? `${name}(` : name;
  if (language === "flux") {
    if (context.quote === "" && kind === "tag") return name;
    return JSON.stringify(name);
  }
  if (kind === "value") return `'${name.replaceAll("'", language === "sql" ? "''" : "\\'")}'`;
  if (language === "sql")
    return simple(name) && context.quote === "" ? name : `"${name.replaceAll('"', '""')}"`;
  return `"${name.replaceAll('"', '\\"')}"`;
}

function namesOf(kind: Want["kind"], known: Known, language: QueryLanguage): readonly string[] {
  switch (kind) {
    case "measurement":
      return known.measurements;
    case "field":
      return known.fields;
    case "tag":
      return language === "flux"
        ? [...FLUX_COLUMNS, ...known.tags]
        : language === "sql"
          ? ["time", ...known.tags]
          : known.tags;
    case "value":
      return known.values;
    case "bucket":
      return known.buckets;
    case "variable":
      return [...BUILT_IN, ...known.variables];
    case "function":
      return FUNCTIONS[language];
    case "keyword":
      return KEYWORDS[language];
  }
}

const MOST = 60;

/** What may stand at a place, those that begin with what was typed before those that only hold it. */
export function offersFor(context: Context, known: Known, language: QueryLanguage): Offer[] {
  const typed = context.word.toLowerCase();
  const all = context.wants.flatMap(({ kind }) =>
    namesOf(kind, known, language).map((label) => ({
      label,
      kind,
      insert: written(label, kind, context, language),
    })),
  );
  const found = all.filter(({ label }) => label.toLowerCase().includes(typed));
  const starts = ({ label }: Offer): boolean => label.toLowerCase().startsWith(typed);
  const unique = new Map(
    [...found.filter(starts), ...found].map((offer) => [`${offer.kind} ${offer.label}`, offer]),
  );
  const list = [...unique.values()].slice(0, MOST);
  // Nothing is offered for a word that is complete.
  return list.length === 1 && list[0]?.label === context.word ? [] : list;
}

/** The text with an offer put in, and where the caret stands then. */
export function inserted(
  text: string,
  caret: number,
  context: Context,
  offer: Offer,
): { readonly text: string; readonly caret: number } {
  const closing = context.quote !== "" && text[caret] === context.quote ? 1 : 0;
  const rest = text.slice(caret + closing);
  return {
    text: text.slice(0, context.from) + offer.insert + rest,
    caret: context.from + offer.insert.length,
  };
}
