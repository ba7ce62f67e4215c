/** One line by time, as wide as its place. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { theme } from "../state";

const HEIGHT_PX = 160;

/** Times in seconds, and a value or a gap for each. */
export type Line = [number[], (number | null)[]];

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function chartIn(place: HTMLElement): uPlot {
  const axis = { stroke: colour("--ink-muted"), grid: { stroke: colour("--grid"), width: 1 } };
  return new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT_PX,
      legend: { show: false },
      axes: [axis, { ...axis, size: 60 }],
      series: [{}, { stroke: colour("--accent"), width: 1.5, points: { show: true, size: 4 } }],
    },
    [[], []],
    place,
  );
}

export function LineChart({ line }: { line: Line }) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  useEffect(() => {
    const box = place.current;
    if (box === null) return undefined;
    const made = (chart.current = chartIn(box));
    const sizes = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height: HEIGHT_PX }));
    sizes.observe(box);
    return () => {
      sizes.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [theme.value]);
  useEffect(() => {
    chart.current?.setData(line);
  }, [line, theme.value]);
  return <div ref={place} />;
}
