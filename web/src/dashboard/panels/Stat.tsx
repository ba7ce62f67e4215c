/** Single values in large type, with a line behind them where there is room. */
import { sparkPath } from "./sparkPath";
import { inkOn } from "../colours";
import { formatUnit } from "../format";
import { numberOf, recordOf } from "../optionValues";
import type { PanelProps } from "../panel";
import { reduceField } from "../reduce";
import { plainText, sideBySide, valuesOf, type ShownValue } from "./values";

/** The least height of a value, with the gap to the next one; where they do not fit they can be scrolled. */
const LEAST_PX = 38;

export function Stat({ frames, options, widthPx, heightPx, linkFor }: PanelProps) {
  const values = valuesOf(frames, options);
  if (values.length === 0) return <p class="dash-note">No value to show.</p>;
  const row = sideBySide(options, widthPx, heightPx);
  const count = Math.max(1, values.length);
  const box = row
    ? { widthPx: widthPx / count, heightPx }
    : { widthPx, heightPx: Math.max(36, heightPx / count) };
  const show = parts(options, values.length > 1);
  // Values that stand beside each other are equally large, so that they can be compared.
  const fitting = Math.min(
    ...values.map((value) => sizeOf(value, box, show.name, hasGraph(value, options, box))),
  );
  const sizePx = sizeAsked(options, "valueSize") ?? fitting;
  const scrolls = !row && count * LEAST_PX > heightPx;
  return (
    <div
      class={row ? "stats beside" : "stats"}
      {...(scrolls ? { tabIndex: 0, role: "group", "aria-label": "Values" } : {})}
    >
      {values.map((value) => (
        <One
          key={value.key}
          value={value}
          options={options}
          box={box}
          sizePx={sizePx}
          many={values.length > 1}
          linkFor={linkFor}
        />
      ))}
    </div>
  );
}

interface Box {
  readonly widthPx: number;
  readonly heightPx: number;
}

const hasGraph = (value: ShownValue, options: PanelProps["options"], box: Box): boolean =>
  options["graphMode"] === "area" && value.field.values.length > 1 && box.heightPx > 60;

const sizeOf = ({ shown }: ShownValue, box: Box, named: boolean, graph: boolean): number =>
  fitPx(plainText(shown), box.widthPx, box.heightPx * (named ? 0.45 : graph ? 0.5 : 0.62));

interface OneProps {
  readonly value: ShownValue;
  readonly options: PanelProps["options"];
  readonly box: Box;
  readonly sizePx: number;
  readonly many: boolean;
  readonly linkFor: PanelProps["linkFor"];
}

/** A size in pixels that the panel says itself. */
function sizeAsked(options: OneProps["options"], key: "valueSize" | "titleSize"): number | null {
  const size = numberOf(recordOf(options["text"])[key], 0);
  return size > 0 ? size : null;
}

/** Whether name and value are shown, as the options say. */
function parts(options: OneProps["options"], many: boolean): { name: boolean; value: boolean } {
  const mode = options["textMode"] ?? "auto";
  return {
    name: mode === "name" || mode === "value_and_name" || (mode === "auto" && many),
    value: mode !== "name" && mode !== "none",
  };
}

/** The size in which a text fills its place without being cut; a letter is about six tenths as wide as high. */
export function fitPx(text: string, widthPx: number, heightPx: number, mostPx = 72): number {
  const byWidth = (widthPx * 0.9) / Math.max(1, text.length * 0.6);
  return Math.max(11, Math.min(byWidth, heightPx, mostPx));
}

function One({ value, options, box, sizePx, many, linkFor }: OneProps) {
  const { shown, field, title } = value;
  const show = parts(options, many);
  const mode = options["colorMode"] ?? "value";
  const filled = mode === "background" || mode === "background_solid";
  const graph = hasGraph(value, options, box);
  const colour = filled ? inkOn(shown.colour) : mode === "value" ? shown.colour : "var(--ink)";
  const link = (field.config.links ?? [])
    .map((one) => linkFor(one, field, value.row))
    .find((href) => href !== null);
  const text = (
    <span class="stat-value" style={`font-size: ${sizePx}px; color: ${colour}`}>
      {shown.prefix}
      {shown.text}
      <span class="stat-unit">{shown.suffix}</span>
    </span>
  );
  const namePx = sizeAsked(options, "titleSize");
  const nameSize = namePx === null ? "" : `font-size: ${namePx}px; `;
  return (
    <div class="stat" style={filled ? `background: ${shown.colour}` : ""} data-value={plainText(shown)}>
      {graph ? <Spark value={value} colour={filled ? inkOn(shown.colour) : shown.colour} box={box} /> : null}
      {show.name ? (
        <span
          class="stat-name"
          style={`${nameSize}${filled ? `color: ${inkOn(shown.colour)}` : ""}`}
          title={title}
        >
          {title}
        </span>
      ) : null}
      {!show.value ? null : link == null ? text : <a href={link}>{text}</a>}
      {options["showPercentChange"] === true ? (
        <Change
          value={value}
          options={options}
          inkOf={filled ? colour : null}
          mostPx={Math.max(12, sizePx / 3)}
          widthPx={box.widthPx}
        />
      ) : null}
    </div>
  );
}

const RISE = "var(--good)";
const FALL = "var(--bad)";

/** By how much of the first value the last one is more or less. */
function Change(props: {
  value: ShownValue;
  options: OneProps["options"];
  inkOf: string | null;
  mostPx: number;
  widthPx: number;
}) {
  const { value, options, inkOf, mostPx, widthPx } = props;
  const change = reduceField(value.field, "diffperc");
  if (typeof change !== "number" || !Number.isFinite(change)) return null;
  const mode = options["percentChangeColorMode"];
  const good = mode === "inverted" ? change < 0 : change > 0;
  const plain = mode === "same_as_value" ? value.shown.colour : "var(--ink)";
  const colour = inkOf ?? (mode === "same_as_value" || change === 0 ? plain : good ? RISE : FALL);
  const arrow = change > 0 ? "↑" : change < 0 ? "↓" : "";
  const text = `${arrow} ${formatUnit(Math.abs(change) * 100, "percent", 1).text}%`;
  return (
    <span class="stat-change" style={`font-size: ${fitPx(text, widthPx, mostPx)}px; color: ${colour}`}>
      {text}
    </span>
  );
}

function Spark({ value, colour, box }: { value: ShownValue; colour: string; box: OneProps["box"] }) {
  const heightPx = box.heightPx * 0.35;
  const path = sparkPath(value.times, value.field.values, box.widthPx, heightPx);
  return (
    <svg
      class="stat-spark"
      viewBox={`0 0 ${box.widthPx} ${heightPx}`}
      height={heightPx}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={`${path} V ${heightPx} H 0 Z`} fill={colour} opacity="0.14" />
      <path d={path} fill="none" stroke={colour} stroke-width="1.5" />
    </svg>
  );
}
