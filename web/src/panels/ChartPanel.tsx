/** One chart of a board: its head, its picture and legend, or what stands in their place. */
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Chart } from "../chart";
import { inksFor } from "../colour";
import { formatDayClock, formatRange } from "../clock";
import { statistics, type Columns } from "../data";
import { go, linkTo, undoZoom } from "../navigate";
import { address, chartWidth, countedWindow, range, shownWindow, utc } from "../state";
import { AddButton } from "./AddButton";
import { additionOf } from "./chartAddition";
import { CopyButton } from "./CopyButton";
import { Expand, Shrink } from "./icons";
import { Legend } from "./Legend";
import { PlotView } from "./PlotView";
import { usePanel, type Filled } from "./usePanel";
import { ValueList } from "./ValueList";

interface Props {
  readonly chart: Chart;
  /** Newest point of the chart's measurements, to offer when the window holds none. */
  readonly lastMs: number;
}

export function ChartPanel({ chart, lastMs }: Props) {
  const { filled, problem, place } = usePanel(chart, () => chartWidth.value);
  const now = filled.value;
  return (
    <section class="panel" ref={place} data-chart={chart.id} data-kind={chart.kind} {...marks(chart, now)}>
      <header class="panel-head">
        <h3>{chart.title}</h3>
        <span class="source">{chart.source}</span>
        <AddButton addition={() => additionOf(chart)} />
        <ExpandLink chart={chart} />
      </header>
      <PanelBody chart={chart} filled={now} problem={problem.value} lastMs={lastMs} />
    </section>
  );
}

function ExpandLink({ chart }: { chart: Chart }) {
  const large = address.value.panel === chart.id;
  const label = large ? "Back to all charts" : "Show this chart alone";
  return (
    <a
      class="button icon-only"
      href={linkTo({ panel: large ? null : chart.id })}
      title={label}
      aria-label={label}
      data-testid="expand"
    >
      {large ? <Shrink /> : <Expand />}
    </a>
  );
}

/** What browser tests read: how many points the window holds and when the newest one was. */
function marks(chart: Chart, filled: Filled | null): Record<string, string> {
  if (filled === null) return { "data-points": "0" };
  const { columns } = filled;
  const { fromMs, toMs } = countedWindow();
  if (chart.kind === "values") {
    const present = columns.series.filter((column) => column.values.some((value) => value != null));
    return { "data-points": present.length.toString(), "data-series": columns.series.length.toString() };
  }
  const figures = columns.series.map((column) => statistics(columns, column, fromMs, toMs));
  return {
    "data-points": figures.reduce((sum, one) => sum + one.points, 0).toString(),
    "data-last-ms": Math.max(0, ...figures.map((one) => one.lastMs)).toString(),
    "data-series": columns.series.length.toString(),
  };
}

function PanelBody(props: { chart: Chart; filled: Filled | null; problem: string | null; lastMs: number }) {
  const { chart, filled, problem, lastMs } = props;
  if (problem !== null) return <Problem message={problem} />;
  if (filled === null) return <div class="plot skeleton" data-testid="skeleton" />;
  if (chart.kind === "values") return <ValueList columns={filled.columns} />;
  if (!hasPoints(filled.columns)) return <Nothing lastMs={lastMs} />;
  return <Picture chart={chart} filled={filled} />;
}

function hasPoints(columns: Columns): boolean {
  const { fromMs, toMs } = countedWindow();
  return columns.series.some((column) => statistics(columns, column, fromMs, toMs).points > 0);
}

function Picture({ chart, filled }: { chart: Chart; filled: Filled }) {
  const hidden = useSignal<ReadonlySet<string>>(new Set());
  const { columns } = filled;
  const shown = columns.series.map((series) => !hidden.value.has(series.key));
  const names = columns.series.map((series) => series.key).join("\n");
  const inks = useMemo(
    () =>
      inksFor(
        columns.series.map((series) => inkName(chart, series.label)),
        columns.series.map((series) => chart.hues[series.field]),
      ),
    [names],
  );
  const { fromMs, toMs } = countedWindow();
  const figures = columns.series.map((column) => statistics(columns, column, fromMs, toMs));
  const choose = (series: number, toggle: boolean): void => {
    hidden.value = chooseSeries(
      columns.series.map((one) => one.key),
      hidden.value,
      series,
      toggle,
    );
  };
  return (
    <>
      <PlotView chart={chart} filled={filled} inks={inks} shown={shown} />
      <Legend chart={chart} columns={columns} figures={figures} inks={inks} shown={shown} choose={choose} />
      {columns.omitted > 0 ? (
        <p class="note">
          {columns.series.length} of {columns.series.length + columns.omitted} series are drawn.
        </p>
      ) : null}
    </>
  );
}

/** What is received and what is sent share their interface's colour. */
function inkName(chart: Chart, label: string): string {
  return chart.mirrored ? label.replace(/ \S+$/, "") : label;
}

function chooseSeries(
  keys: readonly string[],
  hidden: ReadonlySet<string>,
  series: number,
  toggle: boolean,
): ReadonlySet<string> {
  const key = keys[series];
  if (key === undefined) return hidden;
  if (toggle) {
    const next = new Set(hidden);
    if (!next.delete(key)) next.add(key);
    return next.size === keys.length ? new Set() : next;
  }
  const alone = keys.every((other) => (other === key) !== hidden.has(other));
  return alone ? new Set() : new Set(keys.filter((other) => other !== key));
}

function Problem({ message }: { message: string }) {
  return (
    <div class="plot blank" data-testid="panel-error" role="alert">
      <p class="problem">{message}</p>
      <CopyButton text={message} label="Copy the message" />
    </div>
  );
}

function Nothing({ lastMs }: { lastMs: number }) {
  const { fromMs, toMs } = shownWindow.peek();
  const spanMs = toMs - fromMs;
  const goThere = (): void =>
    go({
      range: {
        kind: "fixed",
        fromMs: Math.round(lastMs - spanMs * 0.9),
        toMs: Math.round(lastMs + spanMs * 0.1),
      },
    });
  const offered = lastMs > 0 && (lastMs < fromMs || lastMs > toMs);
  // A rate needs two points: the first one alone draws nothing yet.
  const soon = range.value.kind === "live" && lastMs >= fromMs;
  return (
    <div class="plot blank" data-testid="panel-empty" onDblClick={undoZoom}>
      <p>
        {soon
          ? "The first values come with the next points."
          : `No points in ${formatRange(fromMs, toMs, utc.value)}.`}
      </p>
      {offered ? (
        <button type="button" class="button small" onClick={goThere}>
          Go to the last one, {formatDayClock(lastMs, utc.value)}
        </button>
      ) : null}
    </div>
  );
}
