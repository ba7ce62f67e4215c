/** All charts of one device in a grid, or the one that the address names. */
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Device } from "../api";
import { boardOf } from "../board";
import type { Chart } from "../chart";
import { address, chartWidth, schema } from "../state";
import { ChartPanel } from "./ChartPanel";

// Axis, padding and the panel's own edges.
const AROUND_PX = 96;

function lastOf(chart: Chart, lastMs: ReadonlyMap<string, number>, device: Device): number {
  const newest = Math.max(0, ...chart.parts.map((part) => lastMs.get(part.measurement) ?? 0));
  // The schema's time is of all devices together.
  return Math.min(newest, device.last_ms);
}

export function Board({ device }: { device: Device }) {
  const grid = useRef<HTMLDivElement>(null);
  const list = schema.value ?? [];
  const measurements = device.measurements.join();
  const charts = useMemo(() => boardOf(device, list), [device.name, measurements, list]);
  const lastMs = new Map(list.map((measurement) => [measurement.name, measurement.last_ms]));
  const alone = charts.find((chart) => chart.id === address.value.panel);

  useEffect(() => {
    const element = grid.current;
    if (element === null) return undefined;
    const measure = (): void => {
      const column = element.firstElementChild?.clientWidth ?? element.clientWidth;
      chartWidth.value = Math.max(200, column - AROUND_PX);
    };
    const sizes = new ResizeObserver(measure);
    sizes.observe(element);
    return () => sizes.disconnect();
  }, [alone === undefined]);

  return (
    <div class={alone === undefined ? "grid" : "grid alone"} ref={grid} data-testid="board">
      {(alone === undefined ? charts : [alone]).map((chart) => (
        <ChartPanel
          key={`${device.name}\n${chart.id}`}
          chart={chart}
          lastMs={lastOf(chart, lastMs, device)}
        />
      ))}
    </div>
  );
}
