/** Transformations of columns: which there are, in what order, under what names and types. */
import { patternOf } from "../fieldModel";
import { formatMoment } from "../moments";
import type { Options, Scalar } from "../model";
import { listOf, numberOf, ownValue, recordOf, textOf, textsOf } from "../optionValues";
import type { Field, FieldType, Frame } from "../panel";
import { isCalled, titleOf } from "./names";

type Matches = (field: Field, frame: Frame, frames: readonly Frame[]) => boolean;

function byNameOrPattern(given: unknown): Matches | undefined {
  const options = recordOf(given);
  const names = textsOf(options["names"]);
  const pattern = textOf(options["pattern"]);
  if (names.length === 0 && pattern === "") return undefined;
  const regex = pattern === "" ? null : patternOf(pattern);
  return (field, frame, frames) =>
    names.some((name) => isCalled(name, field, frame, frames)) ||
    regex?.test(titleOf(field, frame, frames)) === true;
}

/** Keeps the fields that are included, if any are named, and not excluded; frames left empty go. */
export function filterFieldsByName(frames: readonly Frame[], options: Options): readonly Frame[] {
  const include = byNameOrPattern(options["include"]);
  const exclude = byNameOrPattern(options["exclude"]);
  const kept = (field: Field, frame: Frame): boolean =>
    (include?.(field, frame, frames) ?? true) && exclude?.(field, frame, frames) !== true;
  return frames
    .map((frame) => ({
      ...frame,
      fields: frame.fields
        .filter((field) => kept(field, frame))
        .map((field) => keepTitle(field, frame, frames)),
    }))
    .filter((frame) => frame.fields.length > 0);
}

/** A field may be named after its frame; it keeps that name when its neighbours go. */
function keepTitle(field: Field, frame: Frame, frames: readonly Frame[]): Field {
  const title = titleOf(field, frame, frames);
  return title === field.name ? field : { ...field, config: { ...field.config, displayName: title } };
}

/** Keeps the answers of some queries: `include` is a regular expression of their letters. */
export function filterByRefId(frames: readonly Frame[], options: Options): readonly Frame[] {
  const matcher = (given: unknown): RegExp | null => {
    const text = typeof given === "string" ? given : textOf(recordOf(given)["options"]);
    return text === "" ? null : patternOf(text.startsWith("/") ? text : `/^(?:${text})$/`);
  };
  const include = matcher(options["include"]);
  const exclude = matcher(options["exclude"]);
  return frames.filter(
    (frame) => include?.test(frame.refId) !== false && exclude?.test(frame.refId) !== true,
  );
}

function hidden(options: Options, field: Field, title: string): boolean {
  const exclude = recordOf(options["excludeByName"]);
  if (ownValue(exclude, title) === true || ownValue(exclude, field.name) === true) return true;
  const include = recordOf(options["includeByName"]);
  if (!Object.values(include).includes(true)) return false;
  return ownValue(include, title) !== true && ownValue(include, field.name) !== true;
}

/** Hides, orders and renames fields. */
export function organize(frames: readonly Frame[], options: Options): readonly Frame[] {
  const index = recordOf(options["indexByName"]);
  const rename = recordOf(options["renameByName"]);
  return frames.map((frame) => {
    const named = frame.fields.map((field) => ({ field, title: titleOf(field, frame, frames) }));
    const place = (title: string, field: Field): number =>
      numberOf(ownValue(index, title) ?? ownValue(index, field.name), Number.MAX_SAFE_INTEGER);
    const fields = named
      .filter(({ field, title }) => !hidden(options, field, title))
      .sort((a, b) => place(a.title, a.field) - place(b.title, b.field))
      .map(({ field, title }) => {
        const name = textOf(ownValue(rename, title) ?? ownValue(rename, field.name));
        if (name === "") return keepTitle(field, frame, frames);
        return { ...field, config: { ...field.config, displayName: name } };
      });
    return { ...frame, fields };
  });
}

/** Gives the fields whose names match a regular expression new names; `$1` is the first group. */
export function renameByRegex(frames: readonly Frame[], options: Options): readonly Frame[] {
  const text = textOf(options["regex"]);
  const regex = text === "" ? null : patternOf(text.startsWith("/") ? text : `/${text}/`);
  const pattern = textOf(options["renamePattern"]);
  if (regex === null) return frames;
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) => {
      const title = titleOf(field, frame, frames);
      if (!regex.test(title)) return field;
      return { ...field, config: { ...field.config, displayName: title.replace(regex, pattern) } };
    }),
  }));
}

const TYPES: Readonly<Record<string, FieldType>> = {
  number: "number",
  string: "string",
  boolean: "boolean",
  time: "time",
  enum: "string",
  other: "string",
};

function toBoolean(value: Scalar): boolean {
  if (typeof value === "string") return !["", "0", "false", "no", "off"].includes(value.trim().toLowerCase());
  return Boolean(value);
}

function toTime(value: Scalar): number | null {
  if (typeof value === "number") return value;
  const text = String(value).trim();
  const number = /^-?\d{9,}$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isNaN(number) ? null : number;
}

/** One value as another type; null where it has no such form. */
export function converted(value: Scalar, type: FieldType): Scalar {
  if (value === null) return null;
  if (type === "string") return String(value);
  if (type === "boolean") return toBoolean(value);
  if (type === "time") return toTime(value);
  const number = typeof value === "string" ? Number(value.replaceAll(/[,\s]/g, "") || "NaN") : Number(value);
  return Number.isNaN(number) ? null : number;
}

/** Makes numbers, texts, truth values or times of fields. */
export function convertFieldType(frames: readonly Frame[], options: Options): readonly Frame[] {
  const conversions = listOf(options["conversions"]).map(recordOf);
  const conversionOf = (field: Field, frame: Frame): Options | undefined =>
    conversions.find((one) => isCalled(textOf(one["targetField"]), field, frame, frames));
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) => {
      const found = conversionOf(field, frame);
      const type = ownValue(TYPES, textOf(found?.["destinationType"])) as FieldType | undefined;
      if (type === undefined) return field;
      const dated = field.type === "time" && type === "string";
      const pattern = textOf(found?.["dateFormat"], "YYYY-MM-DD HH:mm:ss");
      const convert = (value: Scalar): Scalar =>
        dated && typeof value === "number" ? formatMoment(value, pattern, false) : converted(value, type);
      return { ...field, type, values: field.values.map(convert) };
    }),
  }));
}
