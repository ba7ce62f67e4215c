/** From fields to what panels show: config with overrides, names, mappings, thresholds, colours. */
import { cssColour, PALETTE, schemeColour, type Theme } from "./colours";
import { formatUnit } from "./format";
import type { FieldConfig, Mapping, MappingResult, Override, Scalar, Thresholds } from "./model";
import { withPath } from "./optionValues";
import type { Field, Frame, Shown, ShownField, ShownFrame } from "./panel";
import { reduceValues } from "./reduce";

export interface ShowContext {
  readonly defaults: FieldConfig;
  readonly overrides: readonly Override[];
  readonly theme: Theme;
  readonly utc: boolean;
  readonly expand: (text: string) => string;
}

function looseRegex(text: string): RegExp | null {
  const match = /^\/(.*)\/([gimsuy]*)$/s.exec(text);
  try {
    return match === null
      ? new RegExp(`^${text}$`)
      : new RegExp(match[1] ?? "", (match[2] ?? "").replace("g", ""));
  } catch {
    // A pattern of another engine: it matches nothing.
    return null;
  }
}

/** A regular expression as dashboards write it, `/…/flags` or bare; null when it is none. */
export const patternOf = looseRegex;

function namesMatch(options: unknown, title: string, name: string): boolean {
  const list = (options as { names?: unknown } | null)?.names;
  const wanted = Array.isArray(list) ? list : [];
  const exclude = (options as { mode?: unknown } | null)?.mode === "exclude";
  return (wanted.includes(title) || wanted.includes(name)) !== exclude;
}

/** Whether a matcher of overrides means this field. */
export function matches(override: Override["matcher"], field: Field, frame: Frame, title: string): boolean {
  const { id, options } = override;
  if (id === "byName")
    return (
      title === options ||
      field.name === options ||
      (field.type !== "time" && options !== undefined && frame.meta?.field === options)
    );
  if (id === "byRegexp" || id === "byRegex") {
    return typeof options === "string" && looseRegex(options)?.test(title) === true;
  }
  if (id === "byType") return field.type === options;
  if (id === "byTypes") return Array.isArray(options) && options.includes(field.type);
  if (id === "byFrameRefID") return frame.refId === options;
  if (id === "byNames") return namesMatch(options, title, field.name);
  if (id === "numeric") return field.type === "number";
  if (id === "time") return field.type === "time";
  if (id === "byValue") return matchesValue(options, field);
  return id === "any" || id === "anyMatch";
}

function matchesValue(options: unknown, field: Field): boolean {
  const { reducer = "lastNotNull", op = "gte", value = 0 } = (options ?? {}) as Record<string, never>;
  const reduced = reduceValues(field.values, reducer);
  const found = typeof reduced === "boolean" ? Number(reduced) : reduced;
  if (typeof found !== "number") return false;
  const compared: Readonly<Record<string, boolean>> = {
    gte: found >= value,
    gt: found > value,
    lte: found <= value,
    lt: found < value,
    eq: found === value,
    neq: found !== value,
  };
  return compared[op] ?? false;
}

const OWN_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
/** Sets one property of a config by its path: `unit`, `custom.lineWidth`. */
function withProperty(config: FieldConfig, id: string, value: unknown): FieldConfig {
  const [head = "", ...rest] = id.split(".");
  if (OWN_KEYS.has(head) || rest.some((part) => OWN_KEYS.has(part))) return config;
  if (head !== "custom") return { ...config, [head]: value };
  return rest.length === 0 ? config : { ...config, custom: withPath(config.custom, rest, value) };
}

function configFor(field: Field, frame: Frame, title: string, context: ShowContext): FieldConfig {
  let config: FieldConfig = { ...context.defaults, ...field.config };
  for (const override of context.overrides) {
    if (!matches(override.matcher, field, frame, title)) continue;
    for (const property of override.properties) config = withProperty(config, property.id, property.value);
  }
  return config;
}

/** The name of a field before overrides: what a transformation said, or the name itself. */
function givenTitle(field: Field, frame: Frame, frames: readonly Frame[]): string {
  if (field.config?.displayName !== undefined && field.config.displayName !== "")
    return field.config.displayName;
  if (field.type === "time") return field.name === "" ? "Time" : field.name;
  const numbers = frame.fields.filter((one) => one.type !== "time");
  const series = frame.fields[0]?.type === "time" && numbers.length === 1;
  if (series && frame.name !== "" && (field.name === "Value" || field.name === "value" || frames.length > 1))
    return frame.name;
  return field.name;
}

/** Fills `${__field.name}`, `${__field.labels.host}` and `${__series.name}` into a display name. */
function fillTitle(pattern: string, field: Field, frame: Frame, title: string): string {
  return pattern
    .replace(/\$\{__field\.labels\.([^}]+)\}/g, (_, label: string) => field.labels?.[label] ?? "")
    .replace(/\$\{__field\.labels\}/g, () =>
      Object.entries(field.labels ?? {})
        .map(([name, value]) => `${name}="${value}"`)
        .join(", "),
    )
    .replace(/\$\{__field\.(name|displayName)\}|\$__field\.name|\$\{__cell_\d+\}/g, () => title)
    .replace(/\$\{__series\.name\}|\$__series_name/g, () => frame.name || title);
}

function mapped(value: Scalar, mappings: readonly Mapping[]): MappingResult | undefined {
  for (const mapping of mappings) {
    const found = mappingOf(value, mapping);
    if (found !== undefined) return found;
  }
  return undefined;
}

function mappingOf(value: Scalar, mapping: Mapping): MappingResult | undefined {
  if (mapping.type === "value") {
    const key = String(value);
    return Object.hasOwn(mapping.options, key) ? mapping.options[key] : undefined;
  }
  if (mapping.type === "range") {
    const { from, to, result } = mapping.options;
    const number = typeof value === "string" ? Number.parseFloat(value) : value;
    if (typeof number !== "number" || Number.isNaN(number)) return undefined;
    return number >= (from ?? -Infinity) && number <= (to ?? Infinity) ? result : undefined;
  }
  if (mapping.type === "regex") {
    const { pattern, result } = mapping.options;
    const found = looseRegex(pattern);
    if (value === null || found?.test(String(value)) !== true) return undefined;
    return result.text === undefined
      ? result
      : { ...result, text: String(value).replace(found, result.text) };
  }
  return special(value, mapping.options.match) ? mapping.options.result : undefined;
}

function special(value: Scalar, match: string): boolean {
  const isNaNumber = typeof value === "number" && Number.isNaN(value);
  if (match === "null") return value === null;
  if (match === "nan") return isNaNumber;
  if (match === "null+nan") return value === null || isNaNumber;
  if (match === "true") return value === true;
  if (match === "false") return value === false;
  return match === "empty" && value === "";
}

/** The colour of the highest step that a value reaches; `share` is its place between min and max. */
export function thresholdColour(value: number, share: number, thresholds: Thresholds | undefined): string {
  const steps = thresholds?.steps ?? [];
  const measure = thresholds?.mode === "percentage" ? share * 100 : value;
  let colour = steps[0]?.color ?? "green";
  for (const step of steps) if (step.value === null || measure >= step.value) colour = step.color;
  return colour;
}

/** The least and greatest value of all number fields of a panel. */
function spanOf(frames: readonly Frame[]): [number, number] {
  let [min, max] = [Infinity, -Infinity];
  for (const frame of frames)
    for (const field of frame.fields) {
      if (field.type !== "number") continue;
      for (const value of field.values) {
        if (typeof value !== "number" || Number.isNaN(value)) continue;
        min = Math.min(min, value);
        max = Math.max(max, value);
      }
    }
  return min > max ? [0, 100] : [min, max];
}

/** The range of a field: its own, the natural one of a percentage, or that of all the panel's values. */
function rangeOf(config: FieldConfig, span: readonly [number, number]): [number, number] {
  const natural =
    config.unit === "percent" ? [0, 100] : config.unit === "percentunit" ? [0, 1] : [span[0], span[1]];
  return [config.min ?? natural[0] ?? 0, config.max ?? natural[1] ?? 100];
}

function seriesColour(
  config: FieldConfig,
  field: Field,
  series: number,
  title: string,
  theme: Theme,
): string {
  const mode = config.color?.mode ?? "palette-classic";
  if (mode === "fixed" || mode === "shades") return cssColour(config.color?.fixedColor ?? "green", theme);
  if (mode === "palette-classic-by-name") return PALETTE[hash(title) % PALETTE.length] ?? "";
  if (mode === "palette-classic") return PALETTE[series % PALETTE.length] ?? "";
  const by = config.color?.seriesBy ?? "last";
  const value = reduceValues(field.values, by === "last" ? "lastNotNull" : by);
  return valueColour(
    typeof value === "number" ? value : NaN,
    config,
    rangeOf(config, spanOfField(field)),
    theme,
    "",
  );
}

function spanOfField(field: Field): [number, number] {
  return spanOf([{ refId: "", name: "", fields: [field] }]);
}

function hash(text: string): number {
  let sum = 0;
  for (const sign of text) sum = (Math.imul(sum, 31) + (sign.codePointAt(0) ?? 0)) >>> 0;
  return sum;
}

function valueColour(
  value: number,
  config: FieldConfig,
  [min, max]: readonly [number, number],
  theme: Theme,
  series: string,
): string {
  const mode = config.color?.mode ?? "thresholds";
  const share = max > min ? (value - min) / (max - min) : 0;
  if (mode === "thresholds") return cssColour(thresholdColour(value, share, config.thresholds), theme);
  return schemeColour(mode, share, theme) ?? series;
}

/** A time stays one whatever unit the panel's numbers have. */
export function timeUnit(unit: string | undefined): string {
  return unit !== undefined && /^(dateTime|time:)/.test(unit) ? unit : "dateTimeAsIso";
}

function shownText(value: Scalar, config: FieldConfig, field: Field, utc: boolean): Omit<Shown, "colour"> {
  const bare = (text: string): Omit<Shown, "colour"> => ({ prefix: "", text, suffix: "" });
  if (value === null || (typeof value === "number" && Number.isNaN(value))) return bare(config.noValue ?? "");
  if (field.type === "time" && typeof value === "number")
    return formatUnit(value, timeUnit(config.unit), config.decimals, utc);
  if (typeof value === "number") return formatUnit(value, config.unit, config.decimals, utc);
  // A text that is a number is shown with the unit, as counters in strings are.
  if (
    typeof value === "string" &&
    config.unit !== undefined &&
    config.unit !== "string" &&
    /^-?\d+(\.\d+)?$/.test(value)
  )
    return formatUnit(Number(value), config.unit, config.decimals, utc);
  return bare(String(value));
}

function shower(
  field: Field,
  config: FieldConfig,
  range: readonly [number, number],
  series: string,
  context: ShowContext,
) {
  const { theme, utc } = context;
  return (value: Scalar | undefined): Shown => {
    const given = value ?? null;
    const number = typeof given === "number" ? given : typeof given === "boolean" ? Number(given) : NaN;
    const colour = valueColour(number, config, range, theme, series);
    const mapping = mapped(given, config.mappings ?? []);
    const shown = shownText(given, config, field, utc);
    if (mapping === undefined) return { ...shown, colour };
    const text =
      mapping.text === undefined || mapping.text === ""
        ? shown
        : { prefix: "", text: mapping.text, suffix: "" };
    return { ...text, colour: mapping.color === undefined ? colour : cssColour(mapping.color, theme) };
  };
}

/** Applies a panel's field config to its frames. */
export function showFrames(frames: readonly Frame[], context: ShowContext): ShownFrame[] {
  const span = spanOf(frames);
  let series = 0;
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field): ShownField => {
      const given = givenTitle(field, frame, frames);
      const config = configFor(field, frame, given, context);
      const named = config.displayName;
      const title =
        named === undefined || named === "" ? given : fillTitle(context.expand(named), field, frame, given);
      const place = field.type === "time" ? 0 : series++;
      const colour = seriesColour(config, field, place, title, context.theme);
      const range = rangeOf(config, config.fieldMinMax === true ? spanOfField(field) : span);
      const show = shower(field, config, range, colour, context);
      return { ...field, title, config, colour, min: range[0], max: range[1], show };
    }),
  }));
}
