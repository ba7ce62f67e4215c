/** Lines, bars and points over time, with their legend. */
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { Canvas, type CanvasSpec } from "../canvas";
import type { PanelProps } from "../panel";
import { pictureOf, type Picture } from "./lines";
import { SeriesLegend, type LegendOptions } from "./SeriesLegend";

export function Timeseries(props: PanelProps) {
  const { frames, options } = props;
  const picture = useMemo(() => pictureOf(frames), [frames]);
  const hidden = useSignal<ReadonlySet<string>>(new Set());
  const legend = (options["legend"] ?? {}) as LegendOptions;
  const shown = picture.lines.map((line) => !hidden.value.has(line.field.title));
  const listed = legend.showLegend !== false && legend.displayMode !== "hidden" && picture.lines.length > 0;
  if (picture.lines.length === 0)
    return (
      <div class="blank whole">
        <p>{frames.length === 0 ? "No data in this range" : "The answer has no numbers over time"}</p>
      </div>
    );
  return (
    <div class={`chart-with-legend ${legend.placement === "right" ? "aside" : ""}`}>
      <Drawing {...props} picture={picture} shown={shown} />
      {listed ? <SeriesLegend picture={picture} legend={legend} hidden={hidden} /> : null}
    </div>
  );
}

/** What must stay equal for a canvas to be kept; data and windows may change. */
function shapeOf(picture: Picture): string {
  const looks = picture.lines.map(({ field, ...line }) => ({
    ...line,
    colour: field.colour,
    values: undefined,
    drawn: undefined,
  }));
  return JSON.stringify([looks, picture.scales.map(({ look, linearTo }) => [look, linearTo])]);
}

function Drawing(props: PanelProps & { readonly picture: Picture; readonly shown: readonly boolean[] }) {
  const { picture, shown, window, utc, theme, options, zoom, panel } = props;
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<Canvas | null>(null);
  const shape = shapeOf(picture);
  const mode = (options["tooltip"] as { mode?: CanvasSpec["tooltip"] } | undefined)?.mode ?? "multi";
  useLayoutEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = new Canvas(element, picture, {
      utc,
      theme,
      zoom,
      tooltip: mode,
      regions: panel["x-regions"],
    });
    canvas.current = made;
    const sizes = new ResizeObserver(() => made.resize(element.clientWidth, element.clientHeight));
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      made.destroy();
      canvas.current = null;
    };
  }, [shape, panel, utc, theme, mode]);
  const shownKey = shown.join();
  useLayoutEffect(() => {
    canvas.current?.setPicture(picture, window, shown);
  }, [picture, shownKey, window.fromMs, window.toMs, shape, panel, utc, theme, mode]);
  return (
    <div class="plot board-plot" ref={place} data-testid="board-plot" data-lines={picture.lines.length} />
  );
}
