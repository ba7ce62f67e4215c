/** One chart on a canvas: the only file that knows uPlot. */
import uPlot from "uplot";
import { stepsFor, timeSpace, valueSpan } from "./axes";
import { formatTimeTicks } from "./clock";
import { lonely, nearestValue, type Drawing } from "./drawn";
import { formatTicks } from "./format";
import type { Window } from "./range";
import { drawMarks, type Mark } from "./marks";
import { Tooltip } from "./tooltip";
import { listenForDrags } from "./touch";
import type { Unit } from "./units";

export interface PlotSeries {
  readonly label: string;
  readonly colour: string;
  readonly dashed: boolean;
}

export interface PlotSpec {
  readonly series: readonly PlotSeries[];
  readonly unit: Unit;
  readonly stacked: boolean;
  readonly mirrored: boolean;
  readonly max: number | null;
  readonly utc: boolean;
  readonly zoom: (fromMs: number, toMs: number) => void;
  readonly shift: (fromMs: number, toMs: number) => void;
  readonly undo: () => void;
}

const CROSSHAIR = uPlot.sync("page");
const FILL_ALPHA = "1f"; // 12 % of the line's colour.
const DRAG_LEAST_PX = 5;
const SPARSE_PX = 28;

export class Plot {
  private readonly plot: uPlot;
  private readonly tooltip: Tooltip;
  private drawing: Drawing = { time: [], lines: [], values: [] };
  private shown: readonly boolean[] = [];
  private window: Window = { fromMs: 0, toMs: 1 };
  private marks: readonly Mark[] = [];

  constructor(
    private readonly place: HTMLElement,
    private readonly spec: PlotSpec,
  ) {
    this.plot = new uPlot(this.options(), [[], ...spec.series.map(() => [])], place);
    this.tooltip = new Tooltip(this.plot.over, spec);
    this.plot.over.addEventListener("mouseenter", this.enter);
    this.plot.over.addEventListener("mouseleave", this.leave);
    this.plot.over.addEventListener("wheel", this.wheel, { passive: false });
    listenForDrags(this.plot.over, {
      move: (fromPx, toPx) => this.mark(fromPx, toPx),
      end: (fromPx, toPx) => {
        this.mark(fromPx, toPx);
        this.select();
      },
      cancel: () => this.mark(0, 0),
    });
  }

  /** Draws these lines in this window; `shown` hides series without changing their colours. */
  setData(drawing: Drawing, window: Window, shown: readonly boolean[]): void {
    this.drawing = drawing;
    this.shown = shown;
    this.window = window;
    this.plot.batch(() => {
      this.spec.series.forEach((_, i) => {
        const show = shown[i] ?? true;
        if (this.plot.series[i + 1]?.show !== show) this.plot.setSeries(i + 1, { show });
      });
      this.setBands();
      this.plot.setData([drawing.time, ...drawing.lines] as uPlot.AlignedData, false);
      this.plot.setScale("x", { min: window.fromMs, max: window.toMs });
    });
  }

  /** Slides to another window over the same lines. */
  setWindow(window: Window): void {
    this.window = window;
    this.plot.setScale("x", { min: window.fromMs, max: window.toMs });
  }

  /** Draws a stroke where an alert began to fire, or was resolved. */
  setMarks(marks: readonly Mark[]): void {
    if (marks === this.marks) return;
    this.marks = marks;
    this.plot.redraw(false);
  }

  resize(widthPx: number, heightPx: number): void {
    if (widthPx > 0 && heightPx > 0) this.plot.setSize({ width: widthPx, height: heightPx });
  }

  destroy(): void {
    this.tooltip.destroy();
    this.plot.destroy();
  }

  private options(): uPlot.Options {
    const { spec, place } = this;
    const style = getComputedStyle(place);
    const ink = (name: string): string => style.getPropertyValue(name).trim();
    const font = `11px ${ink("--font")}`;
    const lines = { stroke: ink("--grid"), width: 1 };
    const axis = { stroke: ink("--ink-muted"), font, grid: lines, ticks: { show: false } };
    return {
      width: Math.max(40, place.clientWidth),
      height: Math.max(40, place.clientHeight),
      ms: 1,
      padding: [10, 26, 0, 0],
      legend: { show: false },
      tzDate: (at) => (spec.utc ? uPlot.tzDate(new Date(at), "Etc/UTC") : new Date(at)),
      scales: {
        x: { time: true, range: () => [this.window.fromMs, this.window.toMs] },
        y: { range: (_, low, high) => this.valueRange(low, high) },
      },
      axes: [
        {
          ...axis,
          size: 26,
          gap: 6,
          space: (_, __, fromMs, toMs, widthPx) => timeSpace(fromMs, toMs, widthPx),
          values: (_, ticks, __, ___, stepMs) => formatTimeTicks(ticks, stepMs, spec.utc),
        },
        {
          ...axis,
          gap: 6,
          space: 30,
          incrs: stepsFor(spec.unit),
          size: (plot, labels) => axisWidth(plot, labels, font),
          values: (_, ticks) => formatTicks(spec.mirrored ? ticks.map(Math.abs) : ticks, spec.unit),
        },
      ],
      series: [{}, ...spec.series.map((series) => this.seriesOptions(series))],
      cursor: {
        drag: { x: true, y: false, setScale: false, dist: DRAG_LEAST_PX },
        sync: {
          key: CROSSHAIR.key,
          scales: ["x", null],
          setSeries: false,
          filters: { pub: isMove, sub: isMove },
        },
        bind: { dblclick: () => this.undo, mousedown: (_, __, handler) => this.press(handler) },
        points: { size: 7, width: 0, fill: (_, i) => spec.series[i - 1]?.colour ?? "" },
        dataIdx: (_, i, row) => this.rowFor(i - 1, row),
      },
      hooks: {
        draw: [(plot) => drawMarks(plot, this.marks, getComputedStyle(this.place))],
        setSelect: [() => this.select()],
        setCursor: [() => this.hover()],
      },
    };
  }

  private seriesOptions(series: PlotSeries): uPlot.Series {
    const filled = this.spec.stacked || this.spec.series.length === 1;
    return {
      label: series.label,
      stroke: series.colour,
      width: 1.5,
      spanGaps: false,
      ...(series.dashed ? { dash: [6, 4] } : {}),
      ...(filled ? { fill: series.colour + FILL_ALPHA } : {}),
      points: {
        size: 5,
        width: 0,
        fill: series.colour,
        show: (plot, i, from, to) => isSparse(plot, i, from, to),
        filter: (plot, i, show) => (show ? null : lonely((plot.data[i] ?? []) as (number | null)[])),
      },
    };
  }

  private valueRange(low: number | null, high: number | null): uPlot.Range.MinMax {
    return valueSpan(low, high, this.spec);
  }

  /** In a stack each fill ends at the next shown line below it. */
  private setBands(): void {
    this.plot.delBand(null);
    if (!this.spec.stacked) return;
    let below = 0;
    this.spec.series.forEach((_, i) => {
      if (this.shown[i] === false) return;
      if (below > 0) this.plot.addBand({ series: [i + 1, below] });
      below = i + 1;
    });
  }

  private rowFor(series: number, row: number): number | null {
    if (series < 0) return row;
    const values = this.drawing.values[series];
    if (values === undefined) return null;
    const found = nearestValue(this.drawing.time, values, row);
    // Far from any value the crosshair says nothing.
    const reachMs = (this.window.toMs - this.window.fromMs) / 20;
    const time = this.drawing.time;
    return found === null || Math.abs((time[found] ?? 0) - (time[row] ?? 0)) > reachMs ? null : found;
  }

  private hover(): void {
    const { cursor } = this.plot;
    const { left, top, idx } = cursor;
    if (!this.hovered || left === undefined || top === undefined || left < 0 || idx == null) {
      this.tooltip.hide();
      return;
    }
    const rows = this.spec.series.flatMap((series, i) => {
      const row = cursor.idxs?.[i + 1];
      const value = row == null || this.shown[i] === false ? null : this.drawing.values[i]?.[row];
      if (row == null || value == null) return [];
      const line = this.drawing.lines[i]?.[row] ?? 0;
      return [{ series, value, distancePx: Math.abs(this.plot.valToPos(line, "y") - top) }];
    });
    this.tooltip.show(this.drawing.time[idx] ?? 0, rows, left, top);
  }

  private select(): void {
    const { left, width } = this.plot.select;
    if (width < DRAG_LEAST_PX) return;
    const [fromMs, toMs] = [this.plot.posToVal(left, "x"), this.plot.posToVal(left + width, "x")];
    this.mark(0, 0);
    this.spec.zoom(fromMs, toMs);
  }

  private mark(fromPx: number, toPx: number): void {
    const [left, width] = [Math.min(fromPx, toPx), Math.abs(toPx - fromPx)];
    this.plot.setSelect({ left, top: 0, width, height: this.plot.over.clientHeight }, false);
  }

  /** A press with shift moves the window along; any other starts a selection. */
  private press(select: uPlot.Cursor.MouseListener): uPlot.Cursor.MouseListener {
    return (event) => {
      if (event.shiftKey) this.pan(event);
      else select(event);
      return null;
    };
  }

  private pan(start: MouseEvent): void {
    const { fromMs, toMs } = this.window;
    const msPerPx = (toMs - fromMs) / Math.max(1, this.plot.over.clientWidth);
    const move = (event: MouseEvent): void => {
      const byMs = (start.clientX - event.clientX) * msPerPx;
      this.spec.shift(fromMs + byMs, toMs + byMs);
    };
    const end = (): void => removeEventListener("mousemove", move);
    addEventListener("mousemove", move);
    addEventListener("mouseup", end, { once: true });
  }

  private hovered = false;
  private readonly enter = (): void => {
    this.hovered = true;
  };
  private readonly leave = (): void => {
    this.hovered = false;
    this.tooltip.hide();
  };
  private readonly undo = (): null => {
    this.spec.undo();
    return null;
  };
  private readonly wheel = (event: WheelEvent): void => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const at = this.plot.posToVal(event.clientX - this.plot.over.getBoundingClientRect().left, "x");
    const factor = event.deltaY < 0 ? 0.8 : 1.25;
    this.spec.shift(at - (at - this.window.fromMs) * factor, at + (this.window.toMs - at) * factor);
  };
}

const isMove = (type: string): boolean => type === "mousemove" || type === "mouseleave";

function axisWidth(plot: uPlot, labels: readonly string[] | null, font: string): number {
  plot.ctx.save();
  plot.ctx.font = font;
  const widest = Math.max(0, ...(labels ?? []).map((label) => plot.ctx.measureText(label).width));
  plot.ctx.restore();
  // In steps, so that the drawing area does not twitch with every digit.
  return Math.max(56, Math.ceil((widest + 14) / 8) * 8);
}

/** Whether neighbouring points of a series lie so far apart that dots help to see which ones were measured. */
function isSparse(plot: uPlot, series: number, from: number, to: number): boolean {
  const [time, values] = [plot.data[0], plot.data[series] ?? []];
  let [points, first, last] = [0, 0, 0];
  for (let i = from; i <= to; i += 1) {
    if (values[i] == null) continue;
    if (points === 0) first = time[i] ?? 0;
    last = time[i] ?? 0;
    points += 1;
  }
  const lengthPx = plot.valToPos(last, "x") - plot.valToPos(first, "x");
  return points === 1 || (points > 1 && lengthPx / (points - 1) > SPARSE_PX);
}
