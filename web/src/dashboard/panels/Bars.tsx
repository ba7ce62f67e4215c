/** The drawing of bars with their axes, as SVG. */
import { useId } from "preact/hooks";
import { barSpan, type Bar, type BarGroups, type Room } from "../bars";
import type { Theme } from "../colours";
import type { ShownField } from "../panel";
import { textWidthPx, valueTicks } from "../ticks";
import { BarGradient, hasGradient, opacityOf } from "./BarGradient";
import { BarNames, tiltedHighPx, widestName, type NamesAt } from "./BarNames";
import { shownText } from "./PlainLegend";

export interface BarsProps {
  readonly groups: BarGroups;
  readonly bars: readonly Bar[];
  readonly lying: boolean;
  readonly stacked: boolean;
  readonly percent: boolean;
  /** Parts of the room of a group, and of a bar in its group, that are filled. */
  readonly groupWidth: number;
  readonly barWidth: number;
  readonly values: string;
  readonly look: BarLook;
  readonly theme: Theme;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly title: string;
}

/** What a panel says of its bars besides their places. */
export interface BarLook {
  /** Corners, as a part of a bar's width from 0 to 0.5. */
  readonly radius: number;
  readonly namesAt: NamesAt;
  readonly valuePx: number | null;
}

const LINE_PX = 18;

function roomFor(props: BarsProps, ticks: readonly string[]): Room {
  const names = Math.min(props.widthPx / 3, widestName(props.groups.labels));
  const figures = Math.max(0, ...ticks.map(textWidthPx));
  const left = 14 + (props.lying ? names : Math.max(figures, leaningPx(props, -1)));
  // Figures stand on the bars, on the highest one too.
  const top = props.lying ? 2 : props.values === "never" ? 10 : 18;
  const right = props.lying ? 10 + widestValue(props) : 4 + leaningPx(props, 1);
  return {
    left,
    top,
    wide: Math.max(10, props.widthPx - left - right),
    high: Math.max(10, props.heightPx - top - namesHighPx(props) - 2),
  };
}

/** Room below standing bars for their names, which may be tilted. */
function namesHighPx({ lying, groups, look, heightPx }: BarsProps): number {
  if (lying) return LINE_PX;
  return Math.min(heightPx / 2, tiltedHighPx(groups.labels, look.namesAt));
}

/** Room that the last name takes beyond its bar where names fall to the right, or the first one to the left. */
function leaningPx({ groups, look, widthPx }: BarsProps, side: -1 | 1): number {
  const { degrees } = look.namesAt;
  if (degrees * side >= 0) return 0;
  const reach = widestName(groups.labels) * Math.cos((degrees * Math.PI) / 180);
  return Math.min(widthPx / 4, Math.max(0, reach - widthPx / (2 * Math.max(1, groups.labels.length))));
}

/** Room that the figures at the ends of lying bars take. */
function widestValue({ bars, groups, values, widthPx }: BarsProps): number {
  if (values === "never") return 0;
  const texts = bars.map((bar) => {
    const field = groups.fields[bar.series];
    return field === undefined ? 0 : textWidthPx(shownText(field, bar.value));
  });
  return Math.min(widthPx / 3, Math.max(0, ...texts));
}

function colourOf(bar: Bar, { groups }: BarsProps): string {
  const by = groups.colourBy;
  if (by !== undefined) return by.show(by.values[bar.group]).colour;
  const field = groups.fields[bar.series];
  if (field === undefined) return "currentColor";
  const mode = field.config.color?.mode ?? "";
  const byValue =
    mode === "thresholds" || (mode.startsWith("continuous") && field.config.color?.seriesBy === undefined);
  return byValue ? field.show(bar.value).colour : field.colour;
}

interface Placed {
  readonly bar: Bar;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function placeBars(props: BarsProps, room: Room, scale: (value: number) => number): Placed[] {
  const { groups, stacked, lying } = props;
  const slot = (lying ? room.high : room.wide) / Math.max(1, groups.labels.length);
  const inner = slot * props.groupWidth;
  const each = stacked ? inner : inner / Math.max(1, groups.fields.length);
  return props.bars.map((bar) => {
    const start = slot * bar.group + (slot - inner) / 2 + (stacked ? 0 : each * bar.series);
    const thick = Math.max(0.5, each * props.barWidth);
    const across = start + (each - thick) / 2;
    const [a, b] = [scale(bar.from), scale(bar.to)];
    const [low, length] = [Math.min(a, b), Math.max(0.5, Math.abs(a - b))];
    return lying
      ? { bar, x: room.left + low, y: room.top + across, width: length, height: thick }
      : { bar, x: room.left + across, y: room.top + low, width: thick, height: length };
  });
}

export function Bars(props: BarsProps) {
  const { groups, lying } = props;
  const [low, high] = props.percent ? [0, 100] : barSpan(props.bars, groups.fields);
  const first = groups.fields[0];
  const tickText = (value: number): string =>
    props.percent ? `${value}%` : first === undefined ? String(value) : shownText(first, value);
  const bare = first?.config.custom?.["axisPlacement"] === "hidden";
  const ticks = bare ? [] : valueTicks(low, high, lying ? props.widthPx / 90 : props.heightPx / 45);
  const room = roomFor(props, ticks.map(tickText));
  const share = (value: number): number => Math.min(1, Math.max(0, (value - low) / (high - low)));
  const scale = (value: number): number =>
    lying ? share(value) * room.wide : (1 - share(value)) * room.high;
  const id = useId();
  const paintOf = (field: ShownField | undefined, bar: Bar): string =>
    field !== undefined && groups.colourBy === undefined && hasGradient(field, props.theme)
      ? `url(#${id}-${bar.series})`
      : colourOf(bar, props);
  return (
    <svg width={props.widthPx} height={props.heightPx} role="img" aria-label={summary(props)}>
      <defs>
        {groups.fields.map((field, i) => (
          <BarGradient
            key={i}
            id={`${id}-${i}`}
            field={field}
            theme={props.theme}
            span={{ low, high }}
            lying={lying}
            room={room}
          />
        ))}
      </defs>
      {ticks.map((tick) => (
        <Tick key={tick} room={room} lying={lying} at={scale(tick)} text={tickText(tick)} />
      ))}
      {placeBars(props, room, scale).map((placed, i) => (
        <OneBar
          key={i}
          placed={placed}
          props={props}
          field={groups.fields[placed.bar.series]}
          paint={paintOf(groups.fields[placed.bar.series], placed.bar)}
        />
      ))}
      <BarNames
        labels={groups.labels}
        lying={lying}
        room={room}
        at={props.look.namesAt}
        belowPx={props.heightPx - room.top - room.high}
      />
    </svg>
  );
}

function summary({ title, groups }: BarsProps): string {
  return `${title}: bars of ${groups.fields.map((field) => field.title).join(", ")}; ${groups.labels.length} groups`;
}

function Tick({ room, lying, at, text }: { room: Room; lying: boolean; at: number; text: string }) {
  const bottom = room.top + room.high;
  return lying ? (
    <g>
      <line x1={room.left + at} x2={room.left + at} y1={room.top} y2={bottom} class="dash-grid" />
      <text x={room.left + at} y={bottom + 14} text-anchor="middle" class="dash-tick">
        {text}
      </text>
    </g>
  ) : (
    <g>
      <line
        x1={room.left}
        x2={room.left + room.wide}
        y1={room.top + at}
        y2={room.top + at}
        class="dash-grid"
      />
      <text x={room.left - 6} y={room.top + at + 4} text-anchor="end" class="dash-tick">
        {text}
      </text>
    </g>
  );
}

function OneBar({
  placed,
  props,
  field,
  paint,
}: {
  placed: Placed;
  props: BarsProps;
  field: ShownField | undefined;
  paint: string;
}) {
  const { bar, x, y, width, height } = placed;
  if (field === undefined) return null;
  const text = shownText(field, bar.value);
  const sized = props.look.valuePx === null ? "" : `font-size: ${props.look.valuePx}px`;
  const fits = props.lying ? height >= 11 : textWidthPx(text) <= width;
  const shown = props.values === "always" || (props.values === "auto" && fits && !props.stacked);
  return (
    <g>
      <rect
        x={x}
        y={y}
        width={width}
        height={height}
        rx={Math.min(width, height) * props.look.radius}
        fill={paint}
        fill-opacity={opacityOf(field)}
        class="dash-bar"
      >
        <title>{`${props.groups.labels[bar.group] ?? ""} · ${field.title}: ${text}`}</title>
      </rect>
      {!shown ? null : props.lying ? (
        <text x={x + width + 4} y={y + height / 2 + 4} class="dash-label ink" style={sized}>
          {text}
        </text>
      ) : (
        <text x={x + width / 2} y={y - 3} text-anchor="middle" class="dash-label ink" style={sized}>
          {text}
        </text>
      )}
    </g>
  );
}
