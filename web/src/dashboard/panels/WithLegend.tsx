/** A drawing with its legend beneath or beside it. */
import type { ComponentChildren } from "preact";
import { PlainLegend, type LegendItem, type LegendPlace } from "./PlainLegend";

const ROW_PX = 24;
const LEAST_PX = 40;
/** What a drawing beside figures still needs. */
const SMALLEST_PX = 90;

interface WithLegendProps {
  readonly place: LegendPlace;
  readonly items: readonly LegendItem[];
  readonly heads: readonly string[];
  readonly widthPx: number;
  readonly heightPx: number;
  readonly draw: (widthPx: number, heightPx: number) => ComponentChildren;
}

/** Lines that a list of names takes in a width, at most a third of the panel. */
function listRows(items: readonly LegendItem[], widthPx: number): number {
  const lengthPx = items.reduce(
    (sum, item) => sum + 34 + 7 * (item.title.length + item.cells.join(" ").length),
    0,
  );
  return Math.max(1, Math.ceil(lengthPx / Math.max(1, widthPx - 24)));
}

const LETTER_PX = 7;
const NAME_MOST_PX = 150;

/** The width that a table of names and figures wants. */
function tablePx(items: readonly LegendItem[], heads: readonly string[]): number {
  const names = Math.max(0, ...items.map((item) => item.title.length * LETTER_PX));
  const columns = heads.map((head, i) =>
    Math.max(head.length, ...items.map((item) => item.cells[i]?.length ?? 0)),
  );
  return (
    60 + Math.min(NAME_MOST_PX, names) + columns.reduce((sum, letters) => sum + letters * LETTER_PX + 14, 0)
  );
}

export function WithLegend({ place, items, heads, widthPx, heightPx, draw }: WithLegendProps) {
  if (!place.shown || items.length === 0 || heightPx < 2 * LEAST_PX) return <>{draw(widthPx, heightPx)}</>;
  const right = place.right && widthPx >= 280;
  const sidePx = Math.round(
    place.table
      ? Math.min(Math.max(widthPx * 0.6, widthPx - SMALLEST_PX), tablePx(items, heads))
      : Math.min(widthPx * 0.5, 200),
  );
  const rows = place.table ? items.length + 1 : listRows(items, widthPx);
  const belowPx = Math.round(Math.min(heightPx * 0.4, rows * ROW_PX));
  const [wide, high] = right ? [widthPx - sidePx, heightPx] : [widthPx, heightPx - belowPx];
  return (
    <div class={right ? "dash-with-legend beside" : "dash-with-legend"}>
      {draw(Math.max(LEAST_PX, wide), Math.max(LEAST_PX, high))}
      <div
        class="dash-legend-place"
        style={right ? { width: `${sidePx}px`, maxHeight: `${heightPx}px` } : { height: `${belowPx}px` }}
        tabIndex={0}
        role="group"
        aria-label="Legend"
      >
        <PlainLegend items={items} heads={heads} table={place.table} />
      </div>
    </div>
  );
}
