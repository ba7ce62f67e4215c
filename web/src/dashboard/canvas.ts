/** A time series on a canvas; with canvasOptions.ts and src/plot.ts the only files that know uPlot. */
import uPlot from "uplot";
import { timeSpace } from "../axes";
import { formatTimeTicks } from "../clock";
import { Tooltip } from "../tooltip";
import { listenForDrags } from "../touch";
import { UNITS } from "../units";
import { cssColour } from "./colours";
import { axisWidth, scaleOptions, seriesOptions, tickText } from "./canvasOptions";
import { floorOf, stack, type Picture } from "./panels/lines";
import { regionsIn } from "./regions";

export interface CanvasSpec {
  readonly utc: boolean;
  readonly theme: "dark" | "light";
  readonly zoom: (fromMs: number, toMs: number) => void;
  /** How the series of the tooltip are chosen: all of them, or the nearest only. */
  readonly tooltip: "single" | "multi" | "none";
  /** Times that are marked, as dashboards write them. */
  readonly regions?: unknown;
}

const CROSSHAIR = uPlot.sync("dashboard");
const DRAG_LEAST_PX = 5;
const EDGE_PX = 26;
const TIME_STEPS_MS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800].map((seconds) => seconds * 1000),
  ...[1, 2, 3, 4, 6, 8, 12].map((hours) => hours * 3_600_000),
  ...[1, 2, 3, 4, 7, 14, 30, 60, 90, 180, 365, 730].map((days) => days * 86_400_000),
];
const isMove = (type: string): boolean => type === "mousemove" || type === "mouseleave";

export class Canvas {
  private readonly plot: uPlot;
  private readonly tooltip: Tooltip;
  private picture: Picture;
  private shown: readonly boolean[];
  private window = { fromMs: 0, toMs: 1 };
  private hovered = false;

  constructor(
    private readonly place: HTMLElement,
    picture: Picture,
    private readonly spec: CanvasSpec,
  ) {
    this.picture = picture;
    this.shown = picture.lines.map(() => true);
    this.plot = new uPlot(this.options(), [[], ...picture.lines.map(() => [])], place);
    this.tooltip = new Tooltip(this.plot.over, { unit: UNITS.none, mirrored: false, utc: spec.utc });
    this.plot.over.addEventListener("mouseenter", () => (this.hovered = true));
    this.plot.over.addEventListener("mouseleave", () => {
      this.hovered = false;
      this.tooltip.hide();
    });
    listenForDrags(this.plot.over, {
      move: (fromPx, toPx) => this.mark(fromPx, toPx),
      end: (fromPx, toPx) => {
        this.mark(fromPx, toPx);
        this.select();
      },
      cancel: () => this.mark(0, 0),
    });
  }

  /** Draws a picture of the same lines in this window. */
  setPicture(picture: Picture, window: { fromMs: number; toMs: number }, shown: readonly boolean[]): void {
    [this.picture, this.window, this.shown] = [picture, window, shown];
    stack(picture.lines, shown);
    this.plot.batch(() => {
      picture.lines.forEach((_, i) => {
        const show = shown[i] ?? true;
        if (this.plot.series[i + 1]?.show !== show) this.plot.setSeries(i + 1, { show });
      });
      this.setBands();
      this.plot.setData(
        [picture.times, ...picture.lines.map((line) => line.drawn)] as uPlot.AlignedData,
        false,
      );
      this.plot.setScale("x", { min: window.fromMs, max: window.toMs });
    });
  }

  resize(widthPx: number, heightPx: number): void {
    if (widthPx === this.plot.width && heightPx === this.plot.height) return;
    if (widthPx > 0 && heightPx > 0) this.plot.setSize({ width: widthPx, height: heightPx });
  }

  destroy(): void {
    this.tooltip.destroy();
    this.plot.destroy();
  }

  private options(): uPlot.Options {
    const { place, picture, spec } = this;
    const style = getComputedStyle(place);
    const ink = (name: string): string => style.getPropertyValue(name).trim();
    const font = `11px ${ink("--font")}`;
    const grid = { stroke: ink("--grid"), width: 1 };
    const axis = { stroke: ink("--ink-muted"), font, ticks: { show: false } };
    const sided = picture.scales.filter((scale) => scale.side !== "hidden");
    const on = (side: string): boolean => sided.some((scale) => scale.side === side);
    return {
      width: Math.max(40, place.clientWidth),
      height: Math.max(40, place.clientHeight),
      ms: 1,
      // Where no axis stands, half a time of the axis below needs room.
      padding: [8, on("right") ? 0 : EDGE_PX, 0, on("left") ? 0 : EDGE_PX],
      legend: { show: false },
      tzDate: (at) => (spec.utc ? uPlot.tzDate(new Date(at), "Etc/UTC") : new Date(at)),
      scales: {
        x: { time: true, range: () => [this.window.fromMs, this.window.toMs] },
        ...Object.fromEntries(picture.scales.map((scale) => [scale.key, scaleOptions(scale)])),
      },
      axes: [
        {
          ...axis,
          grid,
          size: 26,
          gap: 6,
          incrs: TIME_STEPS_MS,
          space: (_, __, fromMs, toMs, widthPx) => timeSpace(fromMs, toMs, widthPx),
          values: (_, ticks, __, ___, stepMs) => formatTimeTicks(ticks, stepMs, spec.utc),
        },
        // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- uPlot's enum has no value at run time
        ...sided.map((scale, i) => ({
          ...axis,
          scale: scale.key,
          side: scale.side === "right" ? 1 : 3,
          ...(scale.look.colour === null ? {} : { stroke: scale.look.colour }),
          border: { show: scale.look.border, stroke: scale.look.colour ?? ink("--line-strong"), width: 1 },
          grid: { ...grid, show: scale.look.grid ?? i === 0 },
          gap: 5,
          space: 28,
          size: (plot: uPlot, labels: readonly string[] | null) =>
            scale.look.widthPx ?? axisWidth(plot, labels, font),
          ...(scale.label === "" ? {} : { label: scale.label, labelFont: font, labelSize: 16, labelGap: 0 }),
          values: (_: uPlot, ticks: (number | null)[]) => ticks.map((tick) => tickText(tick, scale, ticks)),
        })),
      ],
      series: [
        {},
        ...picture.lines.map((line, i) =>
          seriesOptions(line, spec.theme, () => this.picture.lines[i]?.field),
        ),
      ],
      cursor: {
        drag: { x: true, y: false, setScale: false, dist: DRAG_LEAST_PX },
        sync: {
          key: CROSSHAIR.key,
          scales: ["x", null],
          setSeries: false,
          filters: { pub: isMove, sub: isMove },
        },
        points: { size: 6, width: 0, fill: (_, i) => picture.lines[i - 1]?.field.colour ?? "" },
        bind: { dblclick: () => this.widen },
      },
      hooks: {
        drawClear: [() => this.drawRegions(), () => this.drawAreas()],
        draw: [() => this.drawThresholds()],
        setSelect: [() => this.select()],
        setCursor: [() => this.hover()],
      },
    };
  }

  /** In a stack each fill ends at the next shown line below it. */
  private setBands(): void {
    this.plot.delBand(null);
    const below = new Map<string, number>();
    this.picture.lines.forEach((line, i) => {
      if (this.shown[i] === false) return;
      const floor = floorOf(this.picture.lines, i);
      if (floor >= 0 && this.shown[floor] !== false) this.plot.addBand({ series: [i + 1, floor + 1] });
      if (line.stack === null) return;
      const group = `${line.stack} ${line.scale}`;
      const under = below.get(group);
      if (under !== undefined) this.plot.addBand({ series: [i + 1, under + 1] });
      below.set(group, i);
    });
  }

  private readonly widen = (): null => {
    const { fromMs, toMs } = this.window;
    this.spec.zoom(fromMs - (toMs - fromMs) / 2, toMs + (toMs - fromMs) / 2);
    return null;
  };

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

  private hover(): void {
    const { left, top, idx } = this.plot.cursor;
    if (
      !this.hovered ||
      left === undefined ||
      top === undefined ||
      left < 0 ||
      idx == null ||
      this.spec.tooltip === "none"
    ) {
      this.tooltip.hide();
      return;
    }
    const rows = this.picture.lines.flatMap((line, i) => {
      const value = this.shown[i] === false || !line.inTooltip ? null : line.values[idx];
      if (value == null) return [];
      const distancePx = Math.abs(this.plot.valToPos(line.drawn[idx] ?? 0, line.scale) - top);
      const shown = line.field.show(value);
      const text = shown.prefix + shown.text + shown.suffix;
      return [{ series: { label: line.field.title, colour: line.field.colour }, value, distancePx, text }];
    });
    const nearest = [...rows].sort((a, b) => a.distancePx - b.distancePx).slice(0, 1);
    this.tooltip.show(
      this.picture.times[idx] ?? 0,
      this.spec.tooltip === "single" ? nearest : rows,
      left,
      top,
    );
  }

  private drawAreas(): void {
    const { thresholds } = this.picture;
    if (thresholds?.style.includes("area") !== true) return;
    const { ctx, bbox } = this.plot;
    ctx.save();
    ctx.globalAlpha = 0.12;
    const { steps } = thresholds.steps;
    steps.forEach((step, i) => {
      const bottom = this.edgePx(step.value, thresholds.scale, bbox.top + bbox.height);
      const top = this.edgePx(steps[i + 1]?.value ?? null, thresholds.scale, bbox.top);
      ctx.fillStyle = cssColour(step.color, this.spec.theme);
      if (step.color !== "transparent" && bottom > top)
        ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
    });
    ctx.restore();
  }

  private edgePx(value: number | null, scale: string, otherwise: number): number {
    const { bbox } = this.plot;
    if (value === null) return otherwise;
    return Math.min(bbox.top + bbox.height, Math.max(bbox.top, this.plot.valToPos(value, scale, true)));
  }

  private drawRegions(): void {
    const { ctx, bbox } = this.plot;
    const { left, top, width, height } = bbox;
    const at = (timeMs: number): number =>
      Math.min(left + width, Math.max(left, this.plot.valToPos(timeMs, "x", true)));
    ctx.save();
    for (const { fromMs, toMs, fill, line } of regionsIn(this.spec.regions, this.window)) {
      const [from, to] = [at(fromMs), at(toMs)];
      ctx.fillStyle = fill === "" ? "transparent" : cssColour(fill, this.spec.theme);
      ctx.fillRect(from, top, to - from, height);
      if (line === "") continue;
      ctx.fillStyle = cssColour(line, this.spec.theme);
      for (const x of [from, to]) if (x > left && x < left + width) ctx.fillRect(x, top, 1.5, height);
    }
    ctx.restore();
  }

  private drawThresholds(): void {
    const { thresholds } = this.picture;
    if (thresholds === null || !/line|dashed/.test(thresholds.style)) return;
    const { ctx, bbox } = this.plot;
    ctx.save();
    ctx.lineWidth = 1.5 * devicePixelRatio;
    if (thresholds.style.startsWith("dashed")) ctx.setLineDash([8, 6]);
    for (const step of thresholds.steps.steps) {
      if (step.value === null) continue;
      const y = this.plot.valToPos(step.value, thresholds.scale, true);
      if (y < bbox.top || y > bbox.top + bbox.height) continue;
      ctx.strokeStyle = cssColour(step.color, this.spec.theme);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
    }
    ctx.restore();
  }
}
