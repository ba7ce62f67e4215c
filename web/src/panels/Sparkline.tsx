/** A small line without axes, with its last value beside it. */
import type { Chart } from "../chart";
import { drawingOf } from "../drawn";
import { formatValue } from "../format";
import { countedWindow, shownWindow } from "../state";
import { medianSpacing, statistics } from "../data";
import { sparkPath } from "../spark";
import { usePanel } from "./usePanel";

const WIDTH_PX = 120;
const HEIGHT_PX = 28;
// Its buckets are long and its line is short: it can wait for the charts.
const TAIL_EVERY_MS = 5000;

export function Sparkline({ chart }: { chart: Chart }) {
  const { filled, place } = usePanel(chart, () => WIDTH_PX, TAIL_EVERY_MS);
  const now = filled.value;
  const { fromMs, toMs } = shownWindow.peek();
  const column = now?.columns.series[0];
  let [path, last, points]: [string, number | null, number] = ["", null, 0];
  if (now !== null && column !== undefined) {
    const drawing = drawingOf({ ...now.columns, series: [column] }, now.intervalMs, [true], false);
    path = sparkPath(drawing, { fromMs, toMs }, { widthPx: WIDTH_PX, heightPx: HEIGHT_PX, max: chart.max });
    const figures = statistics(now.columns, column, fromMs, countedWindow().toMs);
    // An old value is not the present one: the line ends where the points end, and so does the number.
    const fresh =
      toMs - figures.lastMs < Math.max(60_000, 3 * medianSpacing(now.columns.time, column.values));
    [last, points] = [fresh ? figures.last : null, figures.points];
  }
  return (
    <span class="spark" ref={place} data-spark={chart.id} data-points={points}>
      <span class="spark-label">{chart.title}</span>
      <span class="spark-value">{formatValue(last, chart.unit)}</span>
      <svg viewBox={`0 0 ${WIDTH_PX} ${HEIGHT_PX}`} preserveAspectRatio="none" aria-hidden="true">
        <path d={path} />
      </svg>
    </span>
  );
}
