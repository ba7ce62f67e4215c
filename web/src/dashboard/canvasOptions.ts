/** Scales, axes and series of a time series, as uPlot wants them. */
import uPlot from "uplot";
import { withAlpha, type Theme } from "./colours";
import { gradientStops, throughStops } from "./gradient";
import type { ShownField } from "./panel";
import type { Line } from "./panels/lines";
import type { Scale } from "./panels/lineScales";

export function scaleOptions(scale: Scale): uPlot.Scale {
  if (scale.log !== null)
    // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- uPlot's enum has no value at run time
    return { distr: 3, log: scale.log === 2 ? 2 : 10, range: (_, low, high) => aboveZero(scale, low, high) };
  if (scale.linearTo !== null)
    // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- uPlot's enum has no value at run time
    return { distr: 4, asinh: scale.linearTo, range: (_, low, high) => aroundZero(scale, low, high) };
  const limit = (hard: number | null, soft: number | null): uPlot.Range.Limit => ({
    pad: 0.1,
    ...(hard === null ? {} : { hard }),
    ...(soft === null ? { soft: 0, mode: 3 as const } : { soft, mode: 1 as const }),
  });
  return {
    range: (_, low: number | null, high: number | null) => {
      if (scale.min !== null && scale.max !== null) return [scale.min, scale.max];
      if (scale.percent) return [scale.min ?? Math.min(0, low ?? 0), scale.max ?? 100];
      const least = scale.grounded ? Math.min(0, low ?? 0) : (low ?? 0);
      const [from, to] = uPlot.rangeNum(least, high ?? 1, {
        min: limit(scale.min, scale.softMin),
        max: limit(scale.max, scale.softMax),
      });
      const reach = Math.max(Math.abs(from ?? 0), Math.abs(to ?? 0));
      const [bottom, top] = scale.centred ? [-reach, reach] : [from, to];
      return [scale.min ?? bottom, scale.max ?? top];
    },
  };
}

/** The range of a logarithmic axis: whole powers, but for a least or a greatest that is said and above zero. */
function aboveZero(scale: Scale, low: number | null, high: number | null): uPlot.Range.MinMax {
  const least = scale.min !== null && scale.min > 0 ? scale.min : null;
  const most = scale.max !== null && scale.max > 0 ? scale.max : null;
  const base = scale.log === 2 ? 2 : 10;
  if (low === null || high === null || !(low > 0))
    return [least, most ?? (least === null ? null : least * base)];
  const [from, to] = uPlot.rangeLog(low, high, base, true);
  const [bottom, top] = [least ?? from ?? low, most ?? to ?? high];
  return bottom < top ? [bottom, top] : least === null ? [top / base, top] : [bottom, bottom * base];
}

/** The range of an axis that is linear near zero; uPlot's own is empty where all values are 0. */
function aroundZero(scale: Scale, low: number | null, high: number | null): uPlot.Range.MinMax {
  const reach = scale.linearTo ?? 1;
  const isFlat = (low ?? 0) === 0 && (high ?? 0) === 0;
  const [from, to] = isFlat ? [-reach, reach] : uPlot.rangeAsinh(low ?? 0, high ?? 0, 10, true);
  return [scale.min ?? from, scale.max ?? to];
}

/** Colours that go from the bottom of the plot to its top, or one for all where there is no gradient. */
function painted(
  line: Line,
  theme: Theme,
  opacity: number,
  now: () => ShownField | undefined,
): uPlot.Series.Stroke {
  const plain = withAlpha(line.field.colour, opacity);
  if (line.gradient === "none") return plain;
  return (plot) => {
    const { top, height } = plot.bbox;
    if (!(height > 0) || plot.scales[line.scale]?.min == null) return plain;
    const heights = {
      valueAt: (share: number): number => plot.posToVal(top + (1 - share) * height, line.scale, true),
      shareOf: (value: number): number => 1 - (plot.valToPos(value, line.scale, true) - top) / height,
    };
    const stops = gradientStops(now() ?? line.field, line.gradient, heights, theme);
    if (stops?.every(({ colour }) => isPaint(colour)) !== true) return plain;
    const made = plot.ctx.createLinearGradient(0, top + height, 0, top);
    for (const { share, colour } of throughStops(stops, opacity)) made.addColorStop(share, colour);
    return made;
  };
}

/** What a canvas takes for a colour; it refuses others with an error. */
const isPaint = (colour: string): boolean => !colour.startsWith("var(") && CSS.supports("color", colour);

/** A series of a line; `now` gives its field with the range that it has when it is drawn. */
export function seriesOptions(line: Line, theme: Theme, now: () => ShownField | undefined): uPlot.Series {
  const { colour } = line.field;
  return {
    label: line.field.title,
    scale: line.scale,
    // Of these only the scheme colours a line itself.
    stroke: line.gradient === "scheme" ? painted(line, theme, 1, now) : colour,
    width: line.style === "points" ? 0 : line.widthPx,
    spanGaps: line.span,
    ...(line.dash === null ? {} : { dash: [...line.dash] }),
    ...(line.fill > 0 && withAlpha(colour, 0) !== colour && line.style !== "points"
      ? { fill: painted(line, theme, line.fill, now) }
      : {}),
    ...pathsOf(line),
    points: {
      size: line.style === "points" ? Math.max(4, line.pointPx) : line.pointPx,
      width: 0,
      fill: colour,
      ...(line.style === "line" && line.points !== "never" ? { filter: isolated } : {}),
      ...(line.style === "points" || line.points === "always" ? { show: true } : {}),
      ...(line.points === "never" || line.style === "bars" ? { show: false } : {}),
    },
  };
}

/** Points with a gap on both sides, which no line reaches; null where all points are drawn anyway. */
function isolated(plot: uPlot, series: number, all: boolean): number[] | null {
  const values = plot.data[series] ?? [];
  if (all || plot.series[series]?.spanGaps === true) return null;
  const alone: number[] = [];
  for (let i = 0; i < values.length; i++)
    if (values[i] != null && values[i - 1] == null && values[i + 1] == null) alone.push(i);
  return alone;
}

function pathsOf(line: Line): Pick<uPlot.Series, "paths"> {
  const make = uPlot.paths;
  const paths =
    line.style === "bars"
      ? make.bars?.({ size: [line.bars[1], line.bars[2], 1], align: line.bars[0] })
      : line.style === "points"
        ? () => null
        : line.interpolation === "smooth"
          ? make.spline?.()
          : line.interpolation === "stepAfter"
            ? make.stepped?.({ align: 1 })
            : line.interpolation === "stepBefore"
              ? make.stepped?.({ align: -1 })
              : undefined;
  return paths === undefined ? {} : { paths };
}

export function tickText(tick: number | null, scale: Scale, ticks: readonly (number | null)[]): string {
  if (tick === null) return "";
  if (scale.percent) return `${tick}%`;
  const shown = scale.field.show(tick);
  // Ticks closer than three figures show need what their distance asks for, not what one value does.
  const near =
    ticks.filter((other) => other !== null && scale.field.show(other).text === shown.text).length > 1;
  return (near ? String(Number(tick.toPrecision(6))) : shown.prefix + shown.text) + shown.suffix;
}

export function axisWidth(plot: uPlot, labels: readonly string[] | null, font: string): number {
  plot.ctx.save();
  plot.ctx.font = font;
  const widest = Math.max(0, ...(labels ?? []).map((label) => plot.ctx.measureText(label).width));
  plot.ctx.restore();
  // uPlot's context counts device pixels.
  return Math.max(40, Math.ceil((widest + 12) / 8) * 8);
}
