/** Hiding, ordering and renaming fields, in the options of `organize`. */
import type { Options } from "../../model";
import { numberOf, ownValue, recordOf, textOf } from "../../optionValues";
import { swapped } from "../paths";

export interface OrganizedField {
  readonly name: string;
  readonly hidden: boolean;
  /** The name that it is given; empty where it keeps its own. */
  readonly renamed: string;
}

/** The fields in their order, with those that options name and nobody brings now at the end. */
export function organizedFields(fields: readonly string[], options: Options): OrganizedField[] {
  const index = recordOf(options["indexByName"]);
  const exclude = recordOf(options["excludeByName"]);
  const include = recordOf(options["includeByName"]);
  const rename = recordOf(options["renameByName"]);
  const only = Object.values(include).includes(true);
  const place = (name: string): number => numberOf(ownValue(index, name), Number.MAX_SAFE_INTEGER);
  return [...fields]
    .sort((a, b) => place(a) - place(b))
    .map((name) => ({
      name,
      hidden: ownValue(exclude, name) === true || (only && ownValue(include, name) !== true),
      renamed: textOf(ownValue(rename, name)),
    }));
}

const without = (record: Options, name: string): Options =>
  Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));

/** Hides a field, or shows it again. */
export function withHidden(options: Options, name: string, hidden: boolean): Options {
  const exclude = without(recordOf(options["excludeByName"]), name);
  const include = recordOf(options["includeByName"]);
  const only = Object.values(include).includes(true);
  return {
    ...options,
    excludeByName: hidden ? { ...exclude, [name]: true } : exclude,
    ...(only ? { includeByName: { ...include, [name]: !hidden } } : {}),
  };
}

/** Gives a field another name; an empty one gives its own back. */
export function withNewName(options: Options, name: string, renamed: string): Options {
  const rename = without(recordOf(options["renameByName"]), name);
  return { ...options, renameByName: renamed === "" ? rename : { ...rename, [name]: renamed } };
}

/** Moves a field before or behind its neighbour. */
export function withPlaceOf(options: Options, order: readonly string[], index: number, by: 1 | -1): Options {
  const next = swapped(order, index, by);
  const places = Object.fromEntries(next.map((name, i) => [name, i]));
  return { ...options, indexByName: { ...recordOf(options["indexByName"]), ...places } };
}
