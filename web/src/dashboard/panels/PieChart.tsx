/** A pie or a donut with its legend of values and shares. */
import { inkOn, PALETTE } from "../colours";
import { recordOf, textOf, textsOf } from "../optionValues";
import type { PanelProps } from "../panel";
import { slicePath, slicesOf, type Slice } from "../slices";
import { textWidthPx } from "../ticks";
import { legendPlace } from "./PlainLegend";
import { WithLegend } from "./WithLegend";

const LABEL_LEAST_SHARE = 0.05;

const percentText = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;
const valueText = ({ shown }: Slice): string => `${shown.prefix}${shown.text}${shown.suffix}`;

function cellsOf(slice: Slice, values: readonly string[]): string[] {
  return values.flatMap((kind) =>
    kind === "percent" ? [percentText(slice.share)] : kind === "value" ? [valueText(slice)] : [],
  );
}

function labelOf(slice: Slice, kinds: readonly string[]): string[] {
  return kinds.flatMap((kind) => (kind === "name" ? [slice.title] : cellsOf(slice, [kind])));
}

export function PieChart({ frames, options, widthPx, heightPx, panel }: PanelProps) {
  const slices = slicesOf(frames, options, PALETTE);
  const values = textsOf(recordOf(options["legend"])["values"]);
  const heads = values.map((kind) => (kind === "percent" ? "Percent" : "Value"));
  const items = slices.map((slice) => ({
    title: slice.title,
    colour: slice.colour,
    cells: cellsOf(slice, values),
  }));
  if (slices.length === 0) return <p class="dash-note">No values above zero to share out.</p>;
  const donut = textOf(options["pieType"], "pie") === "donut";
  return (
    <WithLegend
      place={legendPlace(options)}
      items={items}
      heads={heads}
      widthPx={widthPx}
      heightPx={heightPx}
      draw={(wide, high) => (
        <Pie
          slices={slices}
          donut={donut}
          widthPx={wide}
          heightPx={high}
          labels={textsOf(options["displayLabels"])}
          title={panel.title ?? "Pie"}
        />
      )}
    />
  );
}

interface PieProps {
  readonly slices: readonly Slice[];
  readonly donut: boolean;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly labels: readonly string[];
  readonly title: string;
}

function Pie({ slices, donut, widthPx, heightPx, labels, title }: PieProps) {
  const outer = Math.max(10, Math.min(widthPx, heightPx) / 2 - 6);
  const inner = donut ? outer * 0.55 : 0;
  // Texts that would stand over the edge are left to the legend.
  const roomPx = donut ? (outer - inner) * 1.2 : outer * 0.9;
  const said = slices.map((slice) => `${slice.title} ${percentText(slice.share)}`).join(", ");
  let from = 0;
  return (
    <svg width={widthPx} height={heightPx} role="img" aria-label={`${title}: ${said}`}>
      <g transform={`translate(${widthPx / 2} ${heightPx / 2})`}>
        {slices.map((slice, i) => {
          const start = from;
          from += slice.share;
          return (
            <g key={i}>
              <path d={slicePath(start, from, outer, inner)} fill={slice.colour} class="dash-slice">
                <title>{`${slice.title}: ${valueText(slice)} (${percentText(slice.share)})`}</title>
              </path>
              {slice.share < LABEL_LEAST_SHARE ? null : (
                <SliceLabel
                  lines={labelOf(slice, labels).filter((line) => textWidthPx(line) <= roomPx)}
                  share={start + slice.share / 2}
                  radius={donut ? (outer + inner) / 2 : outer * 0.65}
                  ink={inkOn(slice.colour)}
                />
              )}
            </g>
          );
        })}
      </g>
    </svg>
  );
}

function SliceLabel(props: { lines: readonly string[]; share: number; radius: number; ink: string }) {
  const angle = 2 * Math.PI * props.share - Math.PI / 2;
  const [x, y] = [props.radius * Math.cos(angle), props.radius * Math.sin(angle)];
  const top = y - (props.lines.length - 1) * 7 + 4;
  return (
    <text text-anchor="middle" fill={props.ink} class="dash-label" aria-hidden="true">
      {props.lines.map((line, i) => (
        <tspan key={i} x={x} y={top + 14 * i}>
          {line}
        </tspan>
      ))}
    </text>
  );
}
