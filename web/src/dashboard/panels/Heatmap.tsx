/** A heatmap: time across, buckets of values up, the colour says how much. */
import { formatDayClock } from "../../clock";
import { cssColour, schemeColour } from "../colours";
import { formatUnit } from "../format";
import { heatOf, type Heat, type HeatCell } from "../heat";
import { flagOf, numberOf, recordOf, textOf } from "../optionValues";
import type { PanelProps } from "../panel";
import { fitted, textWidthPx, timeTicks } from "../ticks";
import { shownText } from "./PlainLegend";

const AXIS_PX = 20;

interface Ink {
  readonly fill: string;
  readonly opacity: number;
}

/** The colour of a value between the least and the most of the cells. */
function inks(
  options: PanelProps["options"],
  theme: PanelProps["theme"],
  most: number,
): (value: number) => Ink {
  const color = recordOf(options["color"]);
  const [from, to] = [numberOf(color["min"], 0), numberOf(color["max"], most)];
  const exponent = textOf(color["scale"]) === "linear" ? 1 : numberOf(color["exponent"], 0.5);
  const scheme = `continuous-${textOf(color["scheme"], "Oranges").toLowerCase()}`;
  const opacity = textOf(color["mode"]) === "opacity";
  const plain = cssColour(textOf(color["fill"], "dark-orange"), theme);
  return (value) => {
    const share = to > from ? Math.min(1, Math.max(0, (value - from) / (to - from))) ** exponent : 0;
    const found = opacity
      ? undefined
      : schemeColour(scheme, flagOf(color["reverse"]) ? 1 - share : share, theme);
    return found === undefined ? { fill: plain, opacity: 0.1 + 0.9 * share } : { fill: found, opacity: 1 };
  };
}

function summary(title: string, heat: Heat, most: number): string {
  return `${title}: heatmap of ${heat.rows.length} buckets, at most ${most} in one cell`;
}

export function Heatmap(props: PanelProps) {
  const { frames, options, window, widthPx, heightPx, theme, utc, panel } = props;
  const field = frames.flatMap((frame) => frame.fields).find((one) => one.type === "number");
  const unit = textOf(recordOf(options["yAxis"])["unit"]);
  const show = (value: number): string => {
    if (field === undefined) return String(value);
    if (unit === "") return shownText(field, value);
    const { prefix, text, suffix } = formatUnit(value, unit, undefined, utc);
    return prefix + text + suffix;
  };
  const heat = heatOf(frames, options, window, show);
  const least = numberOf(recordOf(options["filterValues"])["le"], 1e-9);
  const greatest = numberOf(recordOf(options["filterValues"])["ge"], Infinity);
  const cells = heat.cells.filter(({ value }) => value > least && value < greatest);
  if (cells.length === 0) return <p class="dash-note">No values to colour.</p>;
  const most = cells.reduce((high, { value }) => Math.max(high, value), 0);
  const left = 14 + Math.min(widthPx / 3, Math.max(0, ...heat.rows.map(textWidthPx)));
  const [wide, high] = [Math.max(10, widthPx - left - 2), Math.max(10, heightPx - AXIS_PX)];
  const at = (timeMs: number): number =>
    left + (wide * (timeMs - window.fromMs)) / (window.toMs - window.fromMs);
  const rowPx = high / heat.rows.length;
  const every = Math.max(1, Math.ceil(16 / rowPx));
  const ink = inks(options, theme, most);
  const reversed = flagOf(recordOf(options["yAxis"])["reverse"]);
  const topOf = (row: number): number => (reversed ? row : heat.rows.length - 1 - row) * rowPx;
  const cell = ({ column, row, value }: HeatCell) => {
    const fromMs = heat.columnsMs[column] ?? 0;
    const [x, end] = [Math.max(left, at(fromMs)), Math.min(left + wide, at(fromMs + heat.stepMs))];
    if (end <= x) return null;
    const name = `${formatDayClock(fromMs, utc)} · ${heat.rows[row] ?? ""}: ${value}`;
    const { fill, opacity } = ink(value);
    return (
      <rect
        key={`${column}/${row}`}
        x={x}
        y={topOf(row)}
        width={Math.max(0.5, end - x - 0.5)}
        height={Math.max(0.5, rowPx - 0.5)}
        fill={fill}
        fill-opacity={opacity}
      >
        <title>{name}</title>
      </rect>
    );
  };
  return (
    <svg
      width={widthPx}
      height={heightPx}
      role="img"
      aria-label={summary(panel.title ?? "Heatmap", heat, most)}
    >
      {heat.rows.map((row, i) =>
        i % every === 0 ? (
          <text
            key={i}
            x={left - 6}
            y={Math.max(10, topOf(i) + rowPx / 2 + 4)}
            text-anchor="end"
            class="dash-tick"
          >
            {fitted(row, left - 10)}
          </text>
        ) : null,
      )}
      {timeTicks(window.fromMs, window.toMs, wide / 90, utc).map(({ atMs, label }) => (
        <text key={atMs} x={at(atMs)} y={heightPx - 5} text-anchor="middle" class="dash-tick">
          {label}
        </text>
      ))}
      {cells.map(cell)}
    </svg>
  );
}
