/** What the tests of transformations share: short ways to write frames and to read them. */
import type { Options, Scalar } from "../src/dashboard/model";
import { transformOf, type Field, type FieldType, type Frame } from "../src/dashboard/panel";
import { titleOf } from "../src/dashboard/transform/names";
import "../src/dashboard/transforms";

export function field(
  name: string,
  values: Scalar[],
  type?: FieldType,
  labels?: Record<string, string>,
): Field {
  const sort = name === "Time" ? "time" : typeof values[0] === "string" ? "string" : "number";
  return { name, type: type ?? sort, values, ...(labels === undefined ? {} : { labels }) };
}
export const frame = (fields: Field[], name = "", refId = "A"): Frame => ({ refId, name, fields });
export const run = (id: string, frames: Frame[], options: Options = {}): readonly Frame[] =>
  transformOf(id)?.(frames, options) ?? [];
/** Frames as plain records of columns: title to values. */
export const columns = (frames: readonly Frame[]): Record<string, readonly Scalar[]>[] =>
  frames.map((one) =>
    Object.fromEntries(one.fields.map((each) => [titleOf(each, one, frames), each.values])),
  );

export const SERVERS = [
  field("Time", [100, 101, 102, 103, 104, 105]),
  field("Server", ["s1", "s2", "s1", "s3", "s2", "s1"]),
  field("CPU", [80, 88, 60, 95, 90, 70]),
  field("Status", ["ok", "ok", "bad", "ok", "bad", "ok"]),
];
export const A = frame([field("Time", [1, 2, 3]), field("Value", [10, 20, 30])], "a");
export const B = frame([field("Time", [2, 3, 4]), field("Value", [5, 6, 7])], "b", "B");

/** A transformation, frames, options, and what comes out. */
export type Case = [string, Frame[], Options, Record<string, readonly Scalar[]>[]];
