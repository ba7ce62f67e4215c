/** States over time: a row for each field, a bar for as long as it had one value. */
import { formatDayClock } from "../../clock";
import { inkOn } from "../colours";
import { flagOf, numberOf, textOf } from "../optionValues";
import type { PanelProps } from "../panel";
import { stateRows, type Period, type StateRow } from "../states";
import { fitted, textWidthPx, timeTicks } from "../ticks";
import { opacityOf } from "./BarGradient";
import { legendPlace, shownText, type LegendItem } from "./PlainLegend";
import { WithLegend } from "./WithLegend";

const AXIS_PX = 20;
const LEGEND_MOST = 12;

/** The states that occur, each once, in the order in which they come. */
function stateItems(rows: readonly StateRow[]): LegendItem[] {
  const items = new Map<string, LegendItem>();
  for (const { field, periods } of rows)
    for (const { value } of periods) {
      const title = shownText(field, value);
      if (!items.has(title)) items.set(title, { title, colour: stateColour(field, value), cells: [] });
    }
  return items.size > LEGEND_MOST ? [] : [...items.values()];
}

function stateColour(field: StateRow["field"], value: Period["value"]): string {
  return field.show(value).colour || field.colour;
}

interface TimelineProps {
  readonly rows: readonly StateRow[];
  readonly spaced: boolean;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly rowShare: number;
  readonly values: string;
  readonly align: string;
  readonly window: PanelProps["window"];
  readonly utc: boolean;
  readonly title: string;
}

function Timeline(props: TimelineProps) {
  const { rows, window, widthPx, heightPx, utc } = props;
  const names = Math.min(widthPx / 3, 180, Math.max(0, ...rows.map(({ field }) => textWidthPx(field.title))));
  const left = names + 14;
  const wide = Math.max(10, widthPx - left - 2);
  const rowPx = Math.max(4, (heightPx - AXIS_PX) / Math.max(1, rows.length));
  const bottom = heightPx - AXIS_PX;
  const at = (timeMs: number): number =>
    left +
    (wide * (Math.min(window.toMs, Math.max(window.fromMs, timeMs)) - window.fromMs)) /
      (window.toMs - window.fromMs);
  const last = rows.map(({ field, periods }) => {
    const value = periods.at(-1)?.value;
    return `${field.title} ${value === undefined ? "unknown" : shownText(field, value)}`;
  });
  return (
    <svg width={widthPx} height={heightPx} role="img" aria-label={`${props.title}: last ${last.join(", ")}`}>
      {timeTicks(window.fromMs, window.toMs, wide / 90, utc).map(({ atMs, label }) => (
        <g key={atMs}>
          <line x1={at(atMs)} x2={at(atMs)} y1={0} y2={bottom} class="dash-grid" />
          <text x={at(atMs)} y={heightPx - 5} text-anchor="middle" class="dash-tick">
            {label}
          </text>
        </g>
      ))}
      {rows.map((row, i) => (
        <g key={i} transform={`translate(0 ${(i * rowPx).toFixed(1)})`}>
          <text x={left - 6} y={rowPx / 2 + 4} text-anchor="end" class="dash-tick">
            {fitted(row.field.title, names)}
          </text>
          {row.periods
            .filter((period) => period.toMs >= window.fromMs && period.fromMs <= window.toMs)
            .map((period, p) => (
              <State key={p} row={row} period={period} at={at} rowPx={rowPx} props={props} />
            ))}
        </g>
      ))}
    </svg>
  );
}

interface StateProps {
  readonly row: StateRow;
  readonly period: Period;
  readonly at: (timeMs: number) => number;
  readonly rowPx: number;
  readonly props: TimelineProps;
}

type Placed = { readonly x: number; readonly anchor: "start" | "middle" | "end" };
const LABELS: Readonly<Record<string, (from: number, width: number) => Placed>> = {
  left: (from) => ({ x: from + 5, anchor: "start" }),
  center: (from, width) => ({ x: from + width / 2, anchor: "middle" }),
  right: (from, width) => ({ x: from + width - 5, anchor: "end" }),
};

function State({ row, period, at, rowPx, props }: StateProps) {
  const [from, to] = [at(period.fromMs), at(period.toMs)];
  const gap = props.spaced && to - from > 3 ? 2 : 0;
  const [width, height] = [Math.max(1, to - from - gap), rowPx * props.rowShare];
  const colour = stateColour(row.field, period.value);
  const text = shownText(row.field, period.value);
  // On a colour that is half seen through stands the ink of the page.
  const ink = opacityOf(row.field) < 0.6 ? "var(--ink)" : inkOn(colour);
  const placed = LABELS[props.align]?.(from, width) ?? { x: from + 5, anchor: "start" };
  const shown = props.values === "always" || (props.values === "auto" && textWidthPx(text) < width - 8);
  return (
    <g>
      <rect
        x={from}
        y={(rowPx - height) / 2}
        width={width}
        height={height}
        fill={colour}
        fill-opacity={opacityOf(row.field)}
        stroke={colour}
        stroke-width={Math.min(10, numberOf((row.field.config.custom ?? {})["lineWidth"], 0))}
        class="dash-bar"
      >
        <title>{`${row.field.title}: ${text}\n${formatDayClock(period.fromMs, props.utc)} – ${formatDayClock(period.toMs, props.utc)}`}</title>
      </rect>
      {!shown || width < 14 ? null : (
        <text
          x={placed.x}
          y={rowPx / 2 + 4}
          text-anchor={placed.anchor}
          fill={ink}
          class="dash-label"
          aria-hidden="true"
        >
          {fitted(text, width - 8)}
        </text>
      )}
    </g>
  );
}

function states(props: PanelProps, history: boolean) {
  const { options, window, widthPx, heightPx, utc, panel } = props;
  const rows = stateRows(props.frames, window.toMs, !history && flagOf(options["mergeValues"], true));
  if (rows.length === 0) return <p class="dash-note">No states with times.</p>;
  return (
    <WithLegend
      place={legendPlace(options)}
      items={stateItems(rows)}
      heads={[]}
      widthPx={widthPx}
      heightPx={heightPx}
      draw={(wide, high) => (
        <Timeline
          rows={rows}
          spaced={history}
          widthPx={wide}
          heightPx={high}
          rowShare={Math.min(1, numberOf(options["rowHeight"], 0.9))}
          values={textOf(options["showValue"], "auto")}
          align={textOf(options["alignValue"], history ? "center" : "left")}
          window={window}
          utc={utc}
          title={panel.title ?? "States"}
        />
      )}
    />
  );
}

export const StateTimeline = (props: PanelProps) => states(props, false);
/** The same, with a bar of its own for each point. */
export const StatusHistory = (props: PanelProps) => states(props, true);
