/** The place of one plot: makes it, hands it lines, and slides it with the page's time. */
import { effect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Chart } from "../chart";
import { colourOf, type Ink } from "../colour";
import { drawingOf } from "../drawn";
import { marks } from "../alerts";
import { marksFor } from "../marks";
import { shiftTo, undoZoom, zoomTo } from "../navigate";
import { Plot } from "../plot";
import { address, range, shownWindow, theme, utc } from "../state";
import type { Filled } from "./usePanel";

interface Props {
  readonly chart: Chart;
  readonly filled: Filled;
  readonly inks: readonly Ink[];
  readonly shown: readonly boolean[];
}

export function PlotView({ chart, filled, inks, shown }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const { columns, intervalMs } = filled;
  const stacked = chart.kind === "stack";
  const shownKey = shown.join();
  const drawing = useMemo(
    () => drawingOf(columns, intervalMs, shown, stacked),
    [columns, intervalMs, shownKey],
  );
  const names = columns.series.map((series) => series.key).join("\n");

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = new Plot(element, {
      series: columns.series.map((series, i) => {
        const ink = inks[i] ?? { hue: 0, dashed: false };
        return { label: series.label, colour: colourOf(ink, theme.value), dashed: ink.dashed };
      }),
      unit: chart.unit,
      stacked,
      mirrored: chart.mirrored,
      max: chart.max,
      utc: utc.value,
      zoom: zoomTo,
      shift: shiftTo,
      undo: undoZoom,
    });
    plot.current = made;
    const sizes = new ResizeObserver(() => made.resize(element.clientWidth, element.clientHeight));
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [names, chart.id, theme.value, utc.value]);

  useEffect(() => {
    plot.current?.setData(drawing, shownWindow.peek(), shown);
  }, [drawing, names, theme.value, utc.value]);

  const { place: at } = address.value;
  const device = at.name === "device" ? at.device : null;
  const drawnMarks = useMemo(() => marksFor(marks.value, device), [marks.value, device]);
  useEffect(() => {
    plot.current?.setMarks(drawnMarks);
  }, [drawnMarks, names, chart.id, theme.value, utc.value]);

  useEffect(() => {
    let [drawnToMs, drawnFromMs] = [0, 0];
    return effect(() => {
      const { fromMs, toMs } = shownWindow.value;
      const msPerPx = (toMs - fromMs) / Math.max(1, place.current?.clientWidth ?? 1);
      const still = Math.abs(toMs - drawnToMs) < msPerPx / 2 && Math.abs(fromMs - drawnFromMs) < msPerPx / 2;
      // A month-long chart would move by a pixel in an hour: it need not be drawn every second.
      if (still && range.value.kind === "live") return;
      [drawnToMs, drawnFromMs] = [toMs, fromMs];
      plot.current?.setWindow({ fromMs, toMs });
    });
  }, []);

  return <div class="plot" ref={place} data-testid="plot" data-marks={drawnMarks.length} />;
}
