/** Colours of a query's text: what kind each piece of it is. */
import type { QueryLanguage } from "./targets";

export type Ink = "word" | "string" | "number" | "variable" | "name" | "comment" | "plain";

export interface Piece {
  readonly text: string;
  readonly ink: Ink;
}

const INFLUXQL = [
  ..."SELECT FROM WHERE GROUP BY ORDER LIMIT OFFSET SLIMIT SOFFSET AND OR AS INTO FILL TIME ASC DESC TZ".split(
    " ",
  ),
  ..."SHOW TAG FIELD KEYS VALUES MEASUREMENTS SERIES DATABASES RETENTION POLICIES WITH KEY IN ON NULL".split(
    " ",
  ),
];
const SQL = [
  ..."SELECT FROM WHERE GROUP BY ORDER LIMIT OFFSET AND OR AS ASC DESC NOT NULL IS IN LIKE BETWEEN CASE".split(
    " ",
  ),
  ..."WHEN THEN ELSE END JOIN LEFT RIGHT INNER ON USING WITH UNION ALL DISTINCT HAVING INTERVAL OVER PARTITION".split(
    " ",
  ),
];
const FLUX = "import package option return and or not exists if then else true false".split(" ");

export const KEYWORDS: Readonly<Record<QueryLanguage, readonly string[]>> = {
  influxql: INFLUXQL,
  sql: SQL,
  flux: FLUX,
};

const PIECES: Readonly<Record<QueryLanguage, RegExp>> = {
  influxql:
    /(--[^\n]*)|('(?:\\.|[^'\\])*'?|\/(?:\\.|[^/\n\\])+\/)|("(?:\\.|[^"\\])*"?)|(\$\{[^}]*\}|\$\w+|\[\[\w+\]\])|(\d[\w.]*)|(\w+)/g,
  sql: /(--[^\n]*)|('(?:''|[^'])*'?)|("(?:""|[^"])*"?)|(\$\{[^}]*\}|\$\w+|\[\[\w+\]\])|(\d[\w.]*)|(\w+)/g,
  flux: /(\/\/[^\n]*)|("(?:\\.|[^"\\])*"?)|(\br\.\w+)|(\$\{[^}]*\}|\$\w+|\[\[\w+\]\]|\bv\.\w+)|(\d[\w.]*)|(\w+)/g,
};
const INKS: readonly Ink[] = ["comment", "string", "name", "variable", "number", "word"];

/** The pieces of a text, which joined are the text again. */
export function pieces(text: string, language: QueryLanguage): Piece[] {
  const words = new Set(KEYWORDS[language]);
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(PIECES[language])) {
    if (match.index > end) found.push({ text: text.slice(end, match.index), ink: "plain" });
    end = match.index + match[0].length;
    const ink =
      INKS[match.slice(1).findIndex((group) => (group as string | undefined) !== undefined)] ?? "plain";
    const known = ink !== "word" || words.has(language === "flux" ? match[0] : match[0].toUpperCase());
    found.push({ text: match[0], ink: known ? ink : "plain" });
  }
  if (end < text.length) found.push({ text: text.slice(end), ink: "plain" });
  return found;
}
