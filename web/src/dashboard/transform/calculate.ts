/** Adds a field that is calculated from others: a reduction of a row, two fields, a moving window, a sum so far. */
import type { Options, Scalar } from "../model";
import { flagOf, numberOf, recordOf, textOf, textsOf } from "../optionValues";
import type { Field, Frame } from "../panel";
import { REDUCER_TITLES, reduceValues } from "../reduce";
import { joinFrames } from "./join";
import { findField, isCalled, rowCount, timeField, titleOf } from "./names";

type Calculate = (frame: Frame, options: Options) => Field[];

function numbersOf(frame: Frame): Field[] {
  return frame.fields.filter((field) => field.type === "number" || field.type === "boolean");
}

function made(name: string, values: readonly Scalar[], from?: Field): Field {
  const { unit, decimals } = from?.config ?? {};
  const config = {
    ...(unit === undefined ? {} : { unit }),
    ...(decimals === undefined ? {} : { decimals }),
  };
  return { name, type: "number", values, config };
}

function reduceRow(frame: Frame, options: Options): Field[] {
  const reduce = recordOf(options["reduce"]);
  const names = textsOf(reduce["include"]);
  const fields = numbersOf(frame).filter(
    (field) => names.length === 0 || names.some((name) => isCalled(name, field, frame, [frame])),
  );
  const reducer = textOf(reduce["reducer"], "sum");
  const rows = Array.from({ length: rowCount(frame) }, (_, row) =>
    reduceValues(
      fields.map((field) => field.values[row] ?? null),
      reducer,
    ),
  );
  return [made(REDUCER_TITLES[reducer] ?? reducer, rows, fields[0])];
}

const OPERATORS: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "**": (a, b) => a ** b,
  "%": (a, b) => a % b,
  "=": (a, b) => Number(a === b),
  "!=": (a, b) => Number(a !== b),
  "<": (a, b) => Number(a < b),
  ">": (a, b) => Number(a > b),
  "<=": (a, b) => Number(a <= b),
  ">=": (a, b) => Number(a >= b),
};

interface Operand {
  readonly title: string;
  readonly field?: Field;
  readonly at: (row: number) => number | null;
}

function ofField(field: Field, frame: Frame): Operand {
  const at = (row: number): number | null => {
    const value = field.values[row] ?? null;
    return value === null ? null : Number(value);
  };
  return { title: titleOf(field, frame, [frame]), field, at };
}

const fixed = (text: string): Operand => ({ title: text, at: () => numberOf(text, NaN) });

/** One side of a calculation: a name, a fixed number, or every field of a type. */
function operands(given: unknown, frame: Frame): Operand[] {
  if (typeof given === "string" || typeof given === "number") {
    const found = findField(String(given), frame, [frame]);
    return [found === undefined ? fixed(String(given)) : ofField(found, frame)];
  }
  const side = recordOf(given);
  const matcher = recordOf(side["matcher"]);
  if (matcher["id"] === undefined) return [fixed(textOf(side["fixed"]))];
  if (matcher["id"] === "byType")
    return frame.fields
      .filter((field) => field.type === matcher["options"])
      .map((field) => ofField(field, frame));
  const found = findField(textOf(matcher["options"]), frame, [frame]);
  return found === undefined ? [] : [ofField(found, frame)];
}

function binary(frame: Frame, options: Options): Field[] {
  const { left, right, operator } = recordOf(options["binary"]);
  const sign = textOf(operator, "+");
  const run = Object.hasOwn(OPERATORS, sign) ? OPERATORS[sign] : undefined;
  if (run === undefined) return [];
  const rows = Array.from({ length: rowCount(frame) }, (_, row) => row);
  return operands(left, frame).flatMap((a) =>
    operands(right, frame).map((b) => {
      const values = rows.map((row) => {
        const [x, y] = [a.at(row), b.at(row)];
        const value = x === null || y === null ? NaN : run(x, y);
        return Number.isNaN(value) ? null : value;
      });
      return made(`${a.title} ${sign} ${b.title}`, values, a.field ?? b.field);
    }),
  );
}

/** How many rows of a window lie before and after its own. */
function windowReach(window: Options, rows: number): readonly [number, number] {
  const given = numberOf(window["windowSize"], 10);
  const share = textOf(window["windowSizeMode"], "percentage") === "percentage";
  const size = Math.max(1, share ? Math.ceil(given * rows) : Math.round(given));
  if (textOf(window["windowAlignment"], "trailing") === "trailing") return [size - 1, 0];
  const before = Math.floor(size / 2);
  return [before, size - before - 1];
}

function windowed(frame: Frame, options: Options): Field[] {
  const window = recordOf(options["window"]);
  const field = findField(textOf(window["field"]), frame, [frame]);
  if (field === undefined) return [];
  const reducer = textOf(window["reducer"], "mean");
  const [before, after] = windowReach(window, field.values.length);
  const values = field.values.map((_, row) =>
    reduceValues(field.values.slice(Math.max(0, row - before), row + after + 1), reducer),
  );
  return [
    made(`${REDUCER_TITLES[reducer] ?? reducer} (window) ${titleOf(field, frame, [frame])}`, values, field),
  ];
}

function cumulative(frame: Frame, options: Options): Field[] {
  const asked = recordOf(options["cumulative"]);
  const field = findField(textOf(asked["field"]), frame, [frame]);
  if (field === undefined) return [];
  const mean = asked["reducer"] === "mean";
  let [sum, count] = [0, 0];
  const values = field.values.map((value) => {
    count += 1;
    if (typeof value === "number") sum += value;
    return mean ? sum / count : sum;
  });
  return [made(`cumulative ${mean ? "mean" : "sum"} ${titleOf(field, frame, [frame])}`, values, field)];
}

const UNARY: Readonly<Record<string, (value: number) => number>> = {
  abs: Math.abs,
  exp: Math.exp,
  ln: Math.log,
  floor: Math.floor,
  ceil: Math.ceil,
  round: Math.round,
  percent: (value) => value * 100,
};

function unary(frame: Frame, options: Options): Field[] {
  const asked = recordOf(options["unary"]);
  const operator = textOf(asked["operator"], "abs");
  const field = findField(textOf(asked["fieldName"]), frame, [frame]);
  const run = Object.hasOwn(UNARY, operator) ? UNARY[operator] : undefined;
  if (field === undefined || run === undefined) return [];
  const values = field.values.map((value) => (typeof value === "number" ? run(value) : null));
  return [made(`${operator}(${titleOf(field, frame, [frame])})`, values, field)];
}

function rowNumbers(frame: Frame, options: Options): Field[] {
  const count = rowCount(frame);
  const share = flagOf(recordOf(options["index"])["asPercentile"], flagOf(options["asPercentile"]));
  const values = Array.from({ length: count }, (_, row) => (share ? row / Math.max(1, count - 1) : row));
  return [made("Row", values)];
}

const MODES: Readonly<Record<string, Calculate>> = {
  reduceRow,
  binary,
  windowFunctions: windowed,
  cumulativeFunctions: cumulative,
  unary,
  index: rowNumbers,
};

/** Several series of time are joined first: a row is what they have at one time. */
function ensureColumns(frames: readonly Frame[], options: Options): readonly Frame[] {
  const series = frames.length > 1 && frames.every((frame) => timeField(frame) !== undefined);
  return series && flagOf(options["timeSeries"], true) ? joinFrames(frames, "", "outer") : frames;
}

export function calculateField(frames: readonly Frame[], options: Options): readonly Frame[] {
  const mode = textOf(options["mode"], "reduceRow");
  const run = Object.hasOwn(MODES, mode) ? MODES[mode] : undefined;
  if (run === undefined) return frames;
  const alias = textOf(options["alias"]);
  const replace = flagOf(options["replaceFields"]);
  return ensureColumns(frames, options).map((frame) => {
    const found = run(frame, options);
    const fields = alias !== "" && found.length === 1 ? found.map((one) => ({ ...one, name: alias })) : found;
    if (fields.length === 0) return frame;
    const named = fields.map((one) => ({ ...one, config: { ...one.config, displayName: one.name } }));
    const kept = replace
      ? frame.fields.filter((field) => field.type === "time").slice(0, 1)
      : withTitles(frame, frames);
    return { ...frame, fields: [...kept, ...named] };
  });
}

/** A field that was named after its frame keeps that name beside a second one. */
function withTitles(frame: Frame, frames: readonly Frame[]): Field[] {
  return frame.fields.map((field) => {
    const title = titleOf(field, frame, frames);
    return title === field.name ? field : { ...field, config: { ...field.config, displayName: title } };
  });
}
