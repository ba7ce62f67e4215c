/** The options of transformations that group rows, and that choose queries. */
import type { Options } from "../../model";
import { ownValue, recordOf, textOf, textsOf } from "../../optionValues";

/** The rule of one field changed; "none" takes it away. */
export function withRule(options: Options, name: string, operation: string): Options {
  const rules = recordOf(options["fields"]);
  const rest = Object.fromEntries(Object.entries(rules).filter(([key]) => key !== name));
  if (operation === "none") return { ...options, fields: rest };
  const before = recordOf(ownValue(rules, name));
  const old = textsOf(before["aggregations"]);
  const aggregations = operation === "groupby" ? [] : old.length > 0 ? old : ["mean"];
  return { ...options, fields: { ...rules, [name]: { ...before, aggregations, operation } } };
}

/** The letters of queries in a pattern such as `A|B` or `/^(?:A|B)$/`. */
export function lettersOf(include: unknown): string[] {
  const text = typeof include === "string" ? include : textOf(recordOf(include)["options"]);
  return text
    .replace(/^\/\^\(\?:(.*)\)\$\/$/, "$1")
    .split("|")
    .filter(Boolean);
}
