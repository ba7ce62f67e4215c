/** The slices of a pie: one for each field, or each row, with its share of the whole. */
import type { Options } from "./model";
import { flagOf, numberOf, recordOf, textOf, textsOf } from "./optionValues";
import type { Shown, ShownField, ShownFrame } from "./panel";
import { reduceField } from "./reduce";

export interface Slice {
  readonly title: string;
  readonly colour: string;
  readonly value: number;
  readonly shown: Shown;
  /** Part of the whole, 0 to 1. */
  readonly share: number;
}

type Bare = Omit<Slice, "share">;

function fromFields(fields: readonly ShownField[], reducer: string): Bare[] {
  return fields.map((field) => {
    const value = reduceField(field, reducer);
    return { title: field.title, colour: field.colour, value: Number(value ?? 0), shown: field.show(value) };
  });
}

function fromRows(
  frame: ShownFrame,
  fields: readonly ShownField[],
  most: number,
  palette: readonly string[],
): Bare[] {
  const names = frame.fields.find((field) => field.type === "string");
  return fields
    .flatMap((field) =>
      field.values.slice(0, most).map((value, row) => ({
        title: names === undefined ? `${field.title} ${row + 1}` : String(names.values[row] ?? ""),
        colour: fields.length === 1 && names !== undefined ? "" : field.colour,
        value: Number(value ?? 0),
        shown: field.show(value),
      })),
    )
    .map((slice, i) => ({ ...slice, colour: slice.colour || (palette[i % palette.length] ?? "gray") }));
}

/** The slices that a pie's options ask for; nothing and less is no slice. */
export function slicesOf(
  frames: readonly ShownFrame[],
  options: Options,
  palette: readonly string[],
): Slice[] {
  const reduce = recordOf(options["reduceOptions"]);
  const wanted = textOf(reduce["fields"]);
  const reducer = textsOf(reduce["calcs"])[0] ?? "lastNotNull";
  const chosen = (frame: ShownFrame): ShownField[] =>
    frame.fields.filter((field) => field.type === "number" && (wanted === "" || isNamed(field, wanted)));
  const bare = frames.flatMap((frame) =>
    flagOf(reduce["values"])
      ? fromRows(frame, chosen(frame), numberOf(reduce["limit"], 25), palette)
      : fromFields(chosen(frame), reducer),
  );
  const drawn = bare.filter((slice) => slice.value > 0);
  const sum = drawn.reduce((all, slice) => all + slice.value, 0);
  const sign = { desc: -1, asc: 1 }[textOf(options["sort"], "desc")] ?? 0;
  return drawn
    .map((slice) => ({ ...slice, share: slice.value / sum }))
    .sort((a, b) => sign * (a.value - b.value));
}

function isNamed(field: ShownField, wanted: string): boolean {
  const match = /^\/(.*)\/([gimsuy]*)$/s.exec(wanted);
  if (match === null) return field.title === wanted || field.name === wanted;
  try {
    return new RegExp(match[1] ?? "", (match[2] ?? "").replace("g", "")).test(field.title);
  } catch {
    // A pattern of another engine: all fields are better than none.
    return true;
  }
}

/** The outline of a slice between two shares of the circle, as an SVG path around the origin. */
export function slicePath(from: number, to: number, outer: number, inner: number): string {
  const point = (share: number, radius: number): string => {
    const angle = 2 * Math.PI * share - Math.PI / 2;
    return `${(radius * Math.cos(angle)).toFixed(2)} ${(radius * Math.sin(angle)).toFixed(2)}`;
  };
  // An arc cannot end where it begins: a whole circle stops just before.
  const end = to - from >= 1 ? from + 0.99999 : to;
  const large = end - from > 0.5 ? 1 : 0;
  const back =
    inner > 0 ? `L ${point(end, inner)} A ${inner} ${inner} 0 ${large} 0 ${point(from, inner)}` : "L 0 0";
  return `M ${point(from, outer)} A ${outer} ${outer} 0 ${large} 1 ${point(end, outer)} ${back} Z`;
}
