/** Joins a chart on the page to the feed: registers it, watches whether it is in view, holds its points. */
import { useSignal, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { RefObject } from "preact";
import type { Chart } from "../chart";
import type { Columns } from "../data";
import type { Panel } from "../feed";
import { feed } from "../hub";

export interface Filled {
  readonly columns: Columns;
  readonly intervalMs: number;
}

export interface PanelState {
  readonly filled: Signal<Filled | null>;
  readonly problem: Signal<string | null>;
  readonly place: RefObject<HTMLElement | null>;
}

const watched = new WeakMap<Element, (visible: boolean) => void>();
// Charts just outside the view are loaded too, so that scrolling finds them drawn.
const observer = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) watched.get(entry.target)?.(entry.isIntersecting);
  },
  { rootMargin: "300px 0px" },
);

export function usePanel(chart: Chart, widthPx: () => number, tailEveryMs = 0): PanelState {
  const filled = useSignal<Filled | null>(null);
  const problem = useSignal<string | null>(null);
  const place = useRef<HTMLElement>(null);
  // A chart is made anew whenever the schema changes; only a changed meaning asks for new points.
  const meaning = JSON.stringify([chart.id, chart.parts]);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const panel: Panel = {
      chart,
      widthPx,
      tailEveryMs,
      tailedAtMs: -Infinity,
      visible: false,
      dirtyFromMs: -Infinity,
      columns: null,
      intervalMs: 0,
      show: (columns, intervalMs) => {
        filled.value = { columns, intervalMs };
        problem.value = null;
      },
      fail: (message) => {
        problem.value = message;
      },
    };
    feed.add(panel);
    watched.set(element, (visible) => feed.setVisible(panel, visible));
    observer.observe(element);
    return () => {
      observer.unobserve(element);
      feed.remove(panel);
    };
    // The meaning stands for the chart.
  }, [meaning]);
  return { filled, problem, place };
}
