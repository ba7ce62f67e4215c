/** Moving and resizing a panel with a mouse, a pen or a finger. */
import { signal } from "@preact/signals";
import { COLUMNS } from "../layout";
import type { GridPos } from "../model";
import { apply } from "./editing";
import { placed, within, type Item } from "./sections";

export const ROW_PX = 38;
const EDGE_PX = 48;
const SCROLL_PX = 12;

export interface Drag {
  readonly id: number;
  readonly section: string;
  readonly place: GridPos;
}

/** Where the panel that is held would come to stand. */
export const drag = signal<Drag | null>(null);

function gridAt(x: number, y: number): HTMLElement | null {
  for (const element of document.elementsFromPoint(x, y)) {
    const grid = element.closest<HTMLElement>("[data-edit-grid]");
    if (grid !== null) return grid;
  }
  return null;
}

const columnPx = (grid: HTMLElement): number => (grid.clientWidth + 8) / COLUMNS;

function samePlace(a: Drag | null, b: Drag): boolean {
  const [p, q] = [a?.place, b.place];
  return (
    a?.section === b.section && p !== undefined && p.x === q.x && p.y === q.y && p.w === q.w && p.h === q.h
  );
}

function hold(next: Drag): void {
  if (!samePlace(drag.peek(), next)) drag.value = next;
}

/** Follows the pointer from its press on; `move` says where the panel belongs when it is there. */
function follow(press: PointerEvent, move: (event: PointerEvent) => void): void {
  press.preventDefault();
  const moved = (event: PointerEvent): void => {
    if (event.pointerId !== press.pointerId) return;
    if (event.clientY < EDGE_PX) scrollBy(0, -SCROLL_PX);
    else if (event.clientY > innerHeight - EDGE_PX) scrollBy(0, SCROLL_PX);
    move(event);
  };
  const end = (event: PointerEvent): void => {
    if (event.pointerId === press.pointerId) finish(event.type === "pointerup");
  };
  const escape = (event: KeyboardEvent): void => {
    if (event.key === "Escape") finish(false);
  };
  const finish = (commit: boolean): void => {
    const now = drag.peek();
    removeEventListener("pointermove", moved);
    removeEventListener("pointerup", end);
    removeEventListener("pointercancel", end);
    removeEventListener("keydown", escape);
    drag.value = null;
    if (commit && now !== null) apply((view) => placed(view, now.id, now.section, now.place));
  };
  addEventListener("pointermove", moved);
  addEventListener("pointerup", end);
  addEventListener("pointercancel", end);
  addEventListener("keydown", escape);
}

export function startMove(press: PointerEvent, item: Item, section: string): void {
  const start = gridAt(press.clientX, press.clientY);
  if (start === null || press.button !== 0) return;
  const rect = start.getBoundingClientRect();
  const grabX = press.clientX - rect.left - item.x * columnPx(start);
  const grabY = press.clientY - rect.top - item.y * ROW_PX;
  follow(press, (event) => {
    const grid = gridAt(event.clientX, event.clientY);
    const box = grid?.getBoundingClientRect();
    if (grid === null || box === undefined) return;
    const x = Math.round((event.clientX - grabX - box.left) / columnPx(grid));
    const y = Math.round((event.clientY - grabY - box.top) / ROW_PX);
    const place = within({ ...item, x, y });
    hold({ id: item.panel.id, section: grid.dataset["editGrid"] ?? section, place });
  });
}

export function startResize(press: PointerEvent, item: Item, section: string): void {
  const grid = gridAt(press.clientX, press.clientY);
  if (grid === null || press.button !== 0) return;
  follow(press, (event) => {
    const w = item.w + Math.round((event.clientX - press.clientX) / columnPx(grid));
    const h = item.h + Math.round((event.pageY - press.pageY) / ROW_PX);
    const place = within({ ...item, w: Math.min(w, COLUMNS - item.x), h });
    hold({ id: item.panel.id, section, place });
  });
}
