/** The functions that the query builder offers, and their order within a column. */
import type { Part } from "./builder";

export interface Kind {
  readonly type: string;
  readonly group: "Aggregations" | "Selectors" | "Changes" | "Reckoning";
  /** What stands in the parameter at first; none where the function has none. */
  readonly param?: string;
  readonly label?: string;
}

export const KINDS: readonly Kind[] = [
  ...["mean", "median", "sum", "count", "spread", "stddev", "distinct", "integral", "mode"].map(
    (type): Kind => ({ type, group: "Aggregations" }),
  ),
  ...["last", "max", "min", "first"].map((type): Kind => ({ type, group: "Selectors" })),
  { type: "percentile", group: "Selectors", param: "95" },
  { type: "top", group: "Selectors", param: "3" },
  { type: "bottom", group: "Selectors", param: "3" },
  { type: "non_negative_derivative", group: "Changes", param: "1s", label: "rate (counters)" },
  { type: "derivative", group: "Changes", param: "1s" },
  { type: "difference", group: "Changes" },
  { type: "non_negative_difference", group: "Changes" },
  { type: "moving_average", group: "Changes", param: "10" },
  { type: "cumulative_sum", group: "Changes" },
  { type: "elapsed", group: "Changes", param: "1s" },
  { type: "math", group: "Reckoning", param: " * 8" },
  { type: "alias", group: "Reckoning", param: "name" },
];

const RANKS: Readonly<Record<Kind["group"], number>> = {
  Aggregations: 1,
  Selectors: 1,
  Changes: 2,
  Reckoning: 3,
};

const kindOf = (type: string): Kind | undefined => KINDS.find((kind) => kind.type === type);

function rank(part: Part): number {
  if (part.type === "field") return 0;
  const kind = kindOf(part.type);
  return kind === undefined ? 2 : RANKS[kind.group] + (part.type === "alias" ? 1 : 0);
}

export function newPart(type: string): Part {
  const param = kindOf(type)?.param;
  return { type, params: param === undefined ? [] : [param] };
}

/** Adds a function to a column where it belongs; of those that make one value of many there is one. */
export function withPart(column: readonly Part[], type: string): Part[] {
  const part = newPart(type);
  const alone = rank(part) === 1 || type === "alias" || type === "math";
  const rest = alone ? column.filter((one) => !(rank(one) === rank(part) && one.type !== "field")) : column;
  return [...rest, part].sort((a, b) => rank(a) - rank(b));
}

export const label = (type: string): string => kindOf(type)?.label ?? type;

export const INTERVALS = ["$__interval", "1s", "10s", "30s", "1m", "5m", "10m", "30m", "1h", "6h", "1d"];
export const FILLS: readonly (readonly [value: string, text: string])[] = [
  ["none", "leave out"],
  ["null", "a gap (null)"],
  ["0", "zero"],
  ["previous", "the value before"],
  ["linear", "a straight line"],
];
export const OPERATORS = ["=", "!=", "=~", "!~", ">", "<", ">=", "<="];

/** The parts of GROUP BY with another one of a type, or without it. */
export function withGroup(parts: readonly Part[], type: string, params: readonly string[] | null): Part[] {
  const index = parts.findIndex((part) => part.type === type);
  if (params === null) return parts.filter((part) => part.type !== type);
  const part = { type, params };
  if (index >= 0) return parts.map((one, i) => (i === index ? part : one));
  return type === "time" ? [part, ...parts] : [...parts, part];
}
