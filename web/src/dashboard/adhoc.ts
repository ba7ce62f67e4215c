/** Ad hoc filters: chosen by the viewer, added to every query, kept in the address as Grafana does. */
import type { AdhocFilter, VariableModel } from "./model";

export const OPERATORS = ["=", "!=", "=~", "!~", "<", ">"] as const;

const escaped = (text: string): string => text.replaceAll("|", "__gfp__").replaceAll(",", "__gfc__");
const plain = (text: string): string => text.replaceAll("__gfp__", "|").replaceAll("__gfc__", ",");

/** `host|=|pi`, as it stands in the address. */
export function formatFilter({ key, operator, value }: AdhocFilter): string {
  return [key, operator, value].map(escaped).join("|");
}

/** A filter of the address; undefined for what is none. */
export function parseFilter(text: string): AdhocFilter | undefined {
  const [key = "", operator = "", ...value] = text.split("|");
  const known = (OPERATORS as readonly string[]).includes(operator);
  return key === "" || !known ? undefined : { key: plain(key), operator, value: plain(value.join("|")) };
}

/** The filters of a variable: the address's, else the dashboard's own. */
export function filtersOf(model: VariableModel, query: URLSearchParams): readonly AdhocFilter[] {
  const name = `var-${model.name}`;
  if (!query.has(name)) return model.filters ?? [];
  return query.getAll(name).flatMap((text) => parseFilter(text) ?? []);
}

/** The variables with the filters that are chosen. */
export function withChosenFilters(
  models: readonly VariableModel[],
  query: URLSearchParams,
): readonly VariableModel[] {
  return models.map((model) =>
    model.type === "adhoc" ? { ...model, filters: filtersOf(model, query) } : model,
  );
}
