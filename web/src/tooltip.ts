/** The box beside the crosshair: the time, then the series by value, the nearest in bold. */
import { formatDayClock } from "./clock";
import { formatValue } from "./format";
import type { Unit } from "./units";

export interface TooltipRow {
  readonly series: { readonly label: string; readonly colour: string };
  readonly value: number;
  readonly distancePx: number;
  /** The value as it is to be read, where its series has a unit of its own. */
  readonly text?: string;
}

export interface TooltipSpec {
  readonly unit: Unit;
  readonly mirrored: boolean;
  readonly utc: boolean;
}

const MOST_ROWS = 12;
const AWAY_PX = 14;
const TOP_BAR_PX = 60;

/** Where a box of this size goes: beside the point, on the side that has room, never over it. */
export function besidePoint(leftPx: number, widthPx: number, boxPx: number): number {
  const right = leftPx + AWAY_PX;
  const left = leftPx - AWAY_PX - boxPx;
  if (right + boxPx <= widthPx || widthPx - leftPx >= leftPx) return right;
  return left;
}

/** The rows to show, highest value first; of too many, those nearest to the pointer. */
export function rowsToShow(rows: readonly TooltipRow[]): TooltipRow[] {
  const nearest = [...rows].sort((a, b) => a.distancePx - b.distancePx).slice(0, MOST_ROWS);
  return nearest.sort((a, b) => b.value - a.value);
}

export class Tooltip {
  private readonly box = document.createElement("div");

  constructor(
    private readonly over: HTMLElement,
    private readonly spec: TooltipSpec,
  ) {
    this.box.className = "tooltip";
    this.box.dataset["testid"] = "tooltip";
    this.box.hidden = true;
    over.append(this.box);
  }

  show(timeMs: number, rows: readonly TooltipRow[], leftPx: number, topPx: number): void {
    if (rows.length === 0) {
      this.hide();
      return;
    }
    const shown = rowsToShow(rows);
    const nearest = shown.reduce((best, row) => (row.distancePx < best.distancePx ? row : best));
    const head = element("div", "tooltip-time", formatDayClock(timeMs, this.spec.utc));
    const more = rows.length - shown.length;
    const foot = more > 0 ? [element("div", "tooltip-more", `and ${more} more`)] : [];
    this.box.replaceChildren(head, ...shown.map((row) => this.row(row, row === nearest)), ...foot);
    this.box.hidden = false;
    this.place(leftPx, topPx);
  }

  hide(): void {
    this.box.hidden = true;
  }

  destroy(): void {
    this.box.remove();
  }

  private row(row: TooltipRow, nearest: boolean): HTMLElement {
    const line = element("div", nearest ? "tooltip-row nearest" : "tooltip-row", "");
    const mark = element("i", "swatch", "");
    mark.style.background = row.series.colour;
    const value = this.spec.mirrored ? Math.abs(row.value) : row.value;
    const name = element("span", "tooltip-name", row.series.label);
    line.append(mark, name, element("b", "tooltip-value", row.text ?? formatValue(value, this.spec.unit)));
    return line;
  }

  private place(leftPx: number, topPx: number): void {
    const { offsetWidth, offsetHeight } = this.box;
    const left = besidePoint(leftPx, this.over.clientWidth, offsetWidth);
    const area = this.over.getBoundingClientRect();
    // Vertically it may leave the chart, but not the window, and not go under the top bar.
    const lowest = innerHeight - area.top - offsetHeight - 8;
    const top = Math.max(TOP_BAR_PX - area.top, Math.min(topPx - offsetHeight / 2, lowest));
    this.box.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }
}

function element(tag: string, className: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}
