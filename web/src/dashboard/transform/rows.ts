/** Transformations of rows: which there are, and in what order. */
import { patternOf } from "../fieldModel";
import type { Options, Scalar } from "../model";
import { flagOf, listOf, numberOf, recordOf, textOf } from "../optionValues";
import type { Field, Frame } from "../panel";
import { findField, pickRows, rowCount } from "./names";

type Test = (value: Scalar) => boolean;

function comparing(options: Options, compare: (value: number, wanted: number) => boolean): Test {
  const wanted = numberOf(options["value"], NaN);
  return (value) => typeof value === "number" && compare(value, wanted);
}

function equalTo(options: Options): Test {
  const wanted = options["value"];
  return (value) =>
    typeof value === "number" ? value === numberOf(wanted, NaN) : String(value) === String(wanted);
}

/** Tests of values by the names that Grafana gives them. */
const TESTS: Readonly<Record<string, (options: Options) => Test>> = {
  isNull: () => (value) => value === null,
  isNotNull: () => (value) => value !== null,
  greater: (options) => comparing(options, (value, wanted) => value > wanted),
  greaterOrEqual: (options) => comparing(options, (value, wanted) => value >= wanted),
  lower: (options) => comparing(options, (value, wanted) => value < wanted),
  lowerOrEqual: (options) => comparing(options, (value, wanted) => value <= wanted),
  equal: equalTo,
  notEqual: (options) => {
    const equal = equalTo(options);
    return (value) => !equal(value);
  },
  range: betweenEnds,
  between: betweenEnds,
  regex: (options) => {
    const text = textOf(options["value"]);
    const regex = patternOf(text.startsWith("/") ? text : `/${text}/`);
    return (value) => regex?.test(String(value)) === true;
  },
  substring: (options) => {
    const wanted = textOf(options["value"]).toLowerCase();
    return (value) => wanted === "" || (value !== null && String(value).toLowerCase().includes(wanted));
  },
  notSubstring: (options) => {
    const wanted = textOf(options["value"]).toLowerCase();
    return (value) =>
      wanted === "" ||
      !String(value ?? "")
        .toLowerCase()
        .includes(wanted);
  },
};

function betweenEnds(options: Options): Test {
  const [from, to] = [numberOf(options["from"], -Infinity), numberOf(options["to"], Infinity)];
  return (value) => typeof value === "number" && value > from && value < to;
}

function rowTest(given: unknown, frame: Frame, frames: readonly Frame[]): (row: number) => boolean {
  const filter = recordOf(given);
  const config = recordOf(filter["config"]);
  const field = findField(textOf(filter["fieldName"]), frame, frames);
  const id = textOf(config["id"]);
  const make = Object.hasOwn(TESTS, id) ? TESTS[id] : undefined;
  // A filter of a field that is not there matches no row.
  if (field === undefined || make === undefined) return () => false;
  const test = make(recordOf(config["options"]));
  return (row) => test(field.values[row] ?? null);
}

/** Keeps (or leaves out) the rows whose values pass any or all of the filters. */
export function filterByValue(frames: readonly Frame[], options: Options): readonly Frame[] {
  const filters = listOf(options["filters"]);
  if (filters.length === 0) return frames;
  const include = options["type"] !== "exclude";
  const all = options["match"] === "all";
  return frames.map((frame) => {
    const tests = filters.map((filter) => rowTest(filter, frame, frames));
    const passes = (row: number): boolean =>
      all ? tests.every((test) => test(row)) : tests.some((test) => test(row));
    const rows = Array.from({ length: rowCount(frame) }, (_, row) => row);
    return pickRows(
      frame,
      rows.filter((row) => passes(row) === include),
    );
  });
}

/** Orders values: numbers by size, texts by alphabet with numbers inside by size; null comes first. */
export function compareValues(a: Scalar, b: Scalar): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

/** Sorts the rows of every frame by one field. */
export function sortBy(frames: readonly Frame[], options: Options): readonly Frame[] {
  const sort = recordOf(listOf(options["sort"])[0]);
  const wanted = textOf(sort["field"]);
  if (wanted === "") return frames;
  const sign = flagOf(sort["desc"]) ? -1 : 1;
  return frames.map((frame) => {
    const values = findField(wanted, frame, frames)?.values;
    if (values === undefined) return frame;
    const rows = values.map((_, row) => row);
    return pickRows(
      frame,
      rows.sort((a, b) => sign * compareValues(values[a] ?? null, values[b] ?? null)),
    );
  });
}

/** Keeps the first rows of every frame. */
export function limit(frames: readonly Frame[], options: Options): readonly Frame[] {
  const most = numberOf(options["limitField"], 10);
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field): Field => ({ ...field, values: field.values.slice(0, most) })),
  }));
}
