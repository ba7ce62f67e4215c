/** Numbers in Grafana's units: `formatUnit(1536, "bytes")` is 1.50 KiB. */
import {
  count,
  currency,
  fixedText,
  plain,
  si,
  SI,
  SI_ONE,
  unit,
  type Decimals,
  type Formatted,
  type Formatter,
} from "./scales";
import { FORMATS, moment } from "./unitTable";

export { fixedText, type Decimals, type Formatted } from "./scales";

/** Units that carry their own text: `suffix:°`, `time:HH:mm`, `si:mF`, `count:cats`, `currency:₿`. */
function written(id: string): Formatter {
  const mark = id.indexOf(":");
  const [kind, rest] = mark > 0 ? [id.slice(0, mark), id.slice(mark + 1)] : ["", id];
  if (kind === "prefix") return (value, decimals) => plain(fixedText(value, decimals), "", rest);
  if (kind === "suffix") return unit(rest);
  if (kind === "time") return moment(rest);
  if (kind === "count") return count(rest);
  if (kind === "currency") return rest.startsWith("financial:") ? currency(rest.slice(10)) : currency(rest);
  if (kind === "si") {
    const offset = SI.indexOf(rest.charAt(0)) - SI_ONE;
    return rest.length > 1 && offset >= -SI_ONE && offset !== 0 ? si(rest.slice(1), offset) : si(rest);
  }
  if (kind === "bool") {
    const [yes = "", no = "-"] = rest.split("/");
    return (value) => plain(value === 0 ? no : yes);
  }
  return unit(id);
}

/** A number in a unit of Grafana's; a unit nobody knows stands behind the number as it is written. */
export function formatUnit(
  value: number,
  id: string | undefined,
  decimals?: Decimals,
  utc = false,
): Formatted {
  if (id === undefined || id === "") return plain(fixedText(value, decimals));
  return (
    (Object.hasOwn(FORMATS, id) ? FORMATS[id] : undefined)?.(value, decimals, utc) ??
    written(id)(value, decimals, utc)
  );
}

/** The ids of units by name, for whoever offers a choice of them. */
export const unitIds = (): string[] => Object.keys(FORMATS);
