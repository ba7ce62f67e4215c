/** Points of one number over another. */
import { numberOf, recordOf, textOf } from "../optionValues";
import type { PanelProps, ShownField } from "../panel";
import { cloudsOf, spanOf, type Cloud } from "../points";
import { textWidthPx, valueTicks } from "../ticks";
import { calcTitles, legendItems, legendPlace, shownText } from "./PlainLegend";
import { WithLegend } from "./WithLegend";

const LINE_PX = 18;
const POINTS_MOST = 5000;

export function XyChart({ frames, options, widthPx, heightPx, panel }: PanelProps) {
  const clouds = cloudsOf(frames, options);
  const [first] = clouds;
  if (first === undefined || clouds.every(({ points }) => points.length === 0))
    return <p class="dash-note">There are no two numbers to draw one over the other.</p>;
  const fields = clouds.map(({ y }) => y);
  return (
    <WithLegend
      place={legendPlace(options)}
      items={legendItems(fields, options)}
      heads={calcTitles(options)}
      widthPx={widthPx}
      heightPx={heightPx}
      draw={(wide, high) => (
        <Clouds clouds={clouds} first={first} wide={wide} high={high} title={panel.title ?? "Points"} />
      )}
    />
  );
}

interface Drawing {
  readonly clouds: readonly Cloud[];
  readonly first: Cloud;
  readonly wide: number;
  readonly high: number;
  readonly title: string;
}

function Clouds({ clouds, first, wide, high, title }: Drawing) {
  const spanX = spanOf(
    clouds.flatMap(({ points }) => points.map(({ x }) => x)),
    first.x,
  );
  const spanY = spanOf(
    clouds.flatMap(({ points }) => points.map(({ y }) => y)),
    first.y,
  );
  const ticksY = valueTicks(...spanY, high / 45);
  const left = 14 + Math.max(0, ...ticksY.map((tick) => textWidthPx(shownText(first.y, tick))));
  const [right, top, bottom] = [wide - 10, 8, high - 2 * LINE_PX];
  const xAt = (value: number): number => left + share(value, spanX) * Math.max(10, right - left);
  const yAt = (value: number): number => bottom - share(value, spanY) * Math.max(10, bottom - top);
  return (
    <svg width={wide} height={high} role="img" aria-label={`${title}: ${named(clouds)}`} data-testid="clouds">
      {ticksY.map((tick) => (
        <g key={`y${tick}`}>
          <line x1={left} x2={right} y1={yAt(tick)} y2={yAt(tick)} class="dash-grid" />
          <text x={left - 6} y={yAt(tick) + 4} text-anchor="end" class="dash-tick">
            {shownText(first.y, tick)}
          </text>
        </g>
      ))}
      {valueTicks(...spanX, wide / 90).map((tick) => (
        <g key={`x${tick}`}>
          <line x1={xAt(tick)} x2={xAt(tick)} y1={top} y2={bottom} class="dash-grid" />
          <text x={xAt(tick)} y={bottom + 14} text-anchor="middle" class="dash-tick">
            {shownText(first.x, tick)}
          </text>
        </g>
      ))}
      <text x={(left + right) / 2} y={high - 4} text-anchor="middle" class="dash-tick">
        {first.x.title}
      </text>
      {clouds.map((cloud, i) => (
        <OneCloud key={i} cloud={cloud} xAt={xAt} yAt={yAt} />
      ))}
    </svg>
  );
}

const share = (value: number, [low, high]: readonly [number, number]): number =>
  (value - low) / (high - low || 1);
const named = (clouds: readonly Cloud[]): string =>
  clouds.map(({ x, y }) => `${y.title} over ${x.title}`).join(", ");

function radiusOf(field: ShownField): number {
  const size = (field.config.custom ?? {})["pointSize"];
  return Math.min(20, Math.max(1, numberOf(recordOf(size)["fixed"] ?? size, 5) / 2));
}

function OneCloud(props: { cloud: Cloud; xAt: (value: number) => number; yAt: (value: number) => number }) {
  const { cloud, xAt, yAt } = props;
  const { x, y } = cloud;
  const points = cloud.points.slice(-POINTS_MOST);
  const show = textOf((y.config.custom ?? {})["show"], "points");
  const line = points.map((point) => `${xAt(point.x)},${yAt(point.y)}`).join(" ");
  return (
    <g>
      {show.includes("lines") ? <polyline points={line} fill="none" stroke={y.colour} /> : null}
      {show === "lines"
        ? null
        : points.map((point, i) => (
            <circle
              key={i}
              cx={xAt(point.x)}
              cy={yAt(point.y)}
              r={radiusOf(y)}
              fill={y.colour}
              fill-opacity="0.7"
            >
              <title>{`${x.title} ${shownText(x, point.x)} · ${y.title} ${shownText(y, point.y)}`}</title>
            </circle>
          ))}
    </g>
  );
}
