/** Conditions on values by Grafana's names for them, and what each of them needs to know. */
import type { Options } from "../../model";
import { recordOf, textOf } from "../../optionValues";

export const CONDITIONS: readonly (readonly [id: string, name: string, needs: "one" | "two" | "none"])[] = [
  ["greater", "is greater than", "one"],
  ["greaterOrEqual", "is at least", "one"],
  ["lower", "is less than", "one"],
  ["lowerOrEqual", "is at most", "one"],
  ["equal", "is", "one"],
  ["notEqual", "is not", "one"],
  ["between", "is between", "two"],
  ["isNull", "is nothing", "none"],
  ["isNotNull", "is something", "none"],
  ["regex", "fits the pattern", "one"],
  ["substring", "contains", "one"],
  ["notSubstring", "does not contain", "one"],
];

export interface Condition {
  readonly field: string;
  readonly id: string;
  readonly value: string;
  readonly from: string;
  readonly to: string;
}

export const needsOf = (id: string): "one" | "two" | "none" =>
  CONDITIONS.find(([one]) => one === id)?.[2] ?? (id === "range" ? "two" : "one");

const shown = (value: unknown): string =>
  typeof value === "number" || typeof value === "boolean" ? String(value) : textOf(value);

export function conditionOf(filter: unknown): Condition {
  const given = recordOf(filter);
  const config = recordOf(given["config"]);
  const options = recordOf(config["options"]);
  return {
    field: textOf(given["fieldName"]),
    id: textOf(config["id"], "greater"),
    value: shown(options["value"]),
    from: shown(options["from"]),
    to: shown(options["to"]),
  };
}

/** A number where it is one; variables and texts stay as they are. */
const written = (text: string): string | number =>
  text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;

/** A condition as Grafana keeps it; what else stood in the filter stays. */
export function filterOf(condition: Condition, before: unknown = {}): Options {
  const needs = needsOf(condition.id);
  const options =
    needs === "none"
      ? {}
      : needs === "two"
        ? { from: written(condition.from), to: written(condition.to) }
        : { value: written(condition.value) };
  const config = { ...recordOf(recordOf(before)["config"]), id: condition.id, options };
  return { ...recordOf(before), fieldName: condition.field, config };
}
