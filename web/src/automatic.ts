/** Charts for measurements nobody prepared for: fields grouped by the unit that their names tell. */
import type { Measurement } from "./api";
import type { Source } from "./board";
import { chart, part, type Chart, type Part } from "./chart";
import { guessUnit, isCounter, UNITS, words, type Guess } from "./units";

interface Group {
  readonly id: string;
  readonly guess: Guess;
  readonly rate: boolean;
  readonly fields: string[];
}

const MOST_FIELDS = 12;

function isNumeric(schema: Measurement, field: string): boolean {
  const type = schema.fields[field];
  return type === "float" || type === "integer" || type === "unsigned";
}

/** Fields without a unit share a chart only with those whose name begins with the same word. */
function groupId(guess: Guess, rate: boolean, field: string, prefixes: ReadonlyMap<string, number>): string {
  if (rate) return `rate-${guess.unit.symbol}`;
  if (guess.unit !== UNITS.none) return guess.unit.symbol;
  const first = words(field)[0] ?? field;
  return (prefixes.get(first) ?? 0) > 1 ? `${first}*` : field;
}

function groupFields(schema: Measurement): Group[] {
  const fields = Object.keys(schema.fields)
    .filter((field) => isNumeric(schema, field))
    .sort();
  const prefixes = new Map<string, number>();
  for (const field of fields) {
    const first = words(field)[0] ?? field;
    prefixes.set(first, (prefixes.get(first) ?? 0) + 1);
  }
  const groups = new Map<string, Group>();
  for (const field of fields) {
    const guess = guessUnit(schema.name, field);
    const rate = schema.fields[field] !== "float" && isCounter(field);
    const id = groupId(guess, rate, field, prefixes);
    const group = groups.get(id) ?? { id, guess, rate, fields: [] };
    group.fields.push(field);
    groups.set(id, group);
  }
  return [...groups.values()];
}

const ABBREVIATIONS = /\b(co2|cpu|gpu|ram|tcp|udp|ip|io|id|usb|gps|wifi|pm\d+|voc|uv|rssi|snr)\b/gi;

/** `room_temperature` becomes `Room temperature`. */
export function readable(name: string): string {
  const spaced = name.replace(/[_\-.]+/g, " ").trim();
  const text = spaced.replace(ABBREVIATIONS, (short) => short.toUpperCase());
  return text === "" ? name : text.charAt(0).toUpperCase() + text.slice(1);
}

function titleOf(schema: Measurement, group: Group, alone: boolean): string {
  const [only] = group.fields;
  if (group.fields.length === 1 && only !== undefined) {
    return words(only).every((word) => word === "value") ? readable(schema.name) : readable(only);
  }
  if (group.id.endsWith("*")) return `${readable(schema.name)}: ${group.id.slice(0, -1)}`;
  if (alone) return readable(schema.name);
  return `${readable(schema.name)} in ${group.rate ? `${group.guess.unit.symbol}/s` : group.guess.unit.symbol}`;
}

function chunked(group: Group): Group[] {
  const chunks: Group[] = [];
  for (let at = 0; at < group.fields.length; at += MOST_FIELDS) {
    const id = at === 0 ? group.id : `${group.id}-${at / MOST_FIELDS + 1}`;
    chunks.push({ ...group, id, fields: group.fields.slice(at, at + MOST_FIELDS) });
  }
  return chunks;
}

function factorsOf(schema: Measurement, fields: readonly string[]): Record<string, number> {
  return Object.fromEntries(fields.map((field) => [field, guessUnit(schema.name, field).factor]));
}

function rateUnit(guess: Guess): Chart["unit"] {
  return guess.unit === UNITS.bytes ? UNITS.byteRate : UNITS.perSecond;
}

function partOf(source: Source, fields: readonly string[], changes: Partial<Part>): Part {
  const groupBy = source.schema.tags.filter((tag) => tag !== "host");
  return part({ measurement: source.schema.name, fields, where: source.where, groupBy, ...changes });
}

/** One chart for every group of fields, and one list of last values for text and switches. */
export function automaticCharts(source: Source): Chart[] {
  const { schema } = source;
  const groups = groupFields(schema).flatMap(chunked);
  const charts = groups.map((group) =>
    chart({
      id: `auto-${schema.name}-${group.id}`,
      title: titleOf(schema, group, groups.length === 1),
      unit: group.rate ? rateUnit(group.guess) : group.guess.unit,
      parts: [partOf(source, group.fields, { rate: group.rate, factors: factorsOf(schema, group.fields) })],
    }),
  );
  const texts = Object.keys(schema.fields)
    .filter((field) => !isNumeric(schema, field))
    .sort();
  if (texts.length === 0) return charts;
  const parts = [partOf(source, texts, { fn: "last" })];
  return [
    ...charts,
    chart({
      id: `auto-${schema.name}-values`,
      title: `${readable(schema.name)}: last values`,
      kind: "values",
      parts,
    }),
  ];
}
