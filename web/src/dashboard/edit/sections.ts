/** A dashboard as it is edited: sections of panels, each panel once, on a grid that starts anew in every section. */
import { closeGaps, COLUMNS } from "../layout";
import type { DashboardView, GridPos, PanelModel } from "../model";

export interface Item extends GridPos {
  readonly panel: PanelModel;
}

export interface EditSection {
  readonly key: string;
  /** Null for the panels before the first row. */
  readonly row: PanelModel | null;
  readonly items: readonly Item[];
}

export const TOP = "top";
const SMALLEST_WIDTH = 2;
const SMALLEST_HEIGHT = 2;

const itemOf = (panel: PanelModel): Item => ({ panel, ...panel.gridPos });

/** Items in reading order, fallen upwards until they touch another. */
function settled(items: readonly Item[]): Item[] {
  const sorted = [...items].sort((a, b) => a.y - b.y || a.x - b.x);
  const placed = closeGaps(sorted.map((item) => ({ ...item, key: "", scope: new Map() })));
  return placed.map(({ panel, x, y, w, h }) => ({ panel, x, y, w, h }));
}

/** The sections of a dashboard; the one before the first row is always there. */
export function sectionsOf(panels: readonly PanelModel[]): EditSection[] {
  const sections: { row: PanelModel | null; own: PanelModel[] }[] = [{ row: null, own: [] }];
  for (const panel of [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y)) {
    const last = sections[sections.length - 1];
    if (panel.type === "row") sections.push({ row: panel, own: [...(panel.panels ?? [])] });
    // What stands below a closed row with panels inside is not part of it.
    else if (last?.row?.collapsed === true && (last.row.panels?.length ?? 0) > 0)
      sections.push({ row: null, own: [panel] });
    else last?.own.push(panel);
  }
  return sections.map(({ row, own }, i) => ({
    key: row !== null ? String(row.id) : i === 0 ? TOP : `after ${sections[i - 1]?.row?.id ?? i}`,
    row,
    items: settled(own.map(itemOf)),
  }));
}

const bottom = (items: readonly Item[]): number => Math.max(0, ...items.map(({ y, h }) => y + h));

function at(panel: PanelModel, place: GridPos): PanelModel {
  const old = panel.gridPos;
  const same = old.x === place.x && old.y === place.y && old.w === place.w && old.h === place.h;
  return same ? panel : { ...panel, gridPos: { ...old, x: place.x, y: place.y, w: place.w, h: place.h } };
}

/** The panels of a dashboard, with their places on the one grid that Grafana has. */
export function panelsOf(sections: readonly EditSection[]): PanelModel[] {
  const panels: PanelModel[] = [];
  let top = 0;
  for (const { row, items } of sections) {
    if (row !== null) top += 1;
    const own = items.map(({ panel, x, y, w, h }) => at(panel, { x, y: y + top, w, h }));
    if (row === null) panels.push(...own);
    else {
      const placed = at(row, { x: 0, y: top - 1, w: COLUMNS, h: 1 });
      if (row.collapsed === true) panels.push({ ...placed, panels: own });
      else panels.push(withoutPanels(placed), ...own);
    }
    if (row?.collapsed !== true) top += bottom(items);
  }
  return panels;
}

function withoutPanels(row: PanelModel): PanelModel {
  return row.panels === undefined || row.panels.length === 0 ? row : { ...row, panels: [] };
}

const overlap = (a: GridPos, b: GridPos): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** Brings a place within the grid. */
export function within(place: GridPos): GridPos {
  const w = Math.min(COLUMNS, Math.max(SMALLEST_WIDTH, Math.round(place.w)));
  const x = Math.min(COLUMNS - w, Math.max(0, Math.round(place.x)));
  return {
    x,
    w,
    y: Math.max(0, Math.round(place.y)),
    h: Math.max(SMALLEST_HEIGHT, Math.round(place.h)),
  };
}

/**
 * Puts one item at a place; what stands there makes room, and gaps are closed.
 *
 * What is moved down changes places with the one below as soon as it covers half of it; otherwise the others give way.
 */
export function arrange(items: readonly Item[], panel: PanelModel, wanted: GridPos): Item[] {
  const moved: Item = { panel, ...within(wanted) };
  const before = items.find((item) => item.panel.id === panel.id);
  const edge = before !== undefined && moved.y > before.y ? moved.y + moved.h : moved.y;
  const others = items.filter((item) => item !== before).sort((a, b) => a.y - b.y || a.x - b.x);
  const stays = (item: Item): boolean => item.y + item.h / 2 < edge;
  const fixed: Item[] = [];
  for (const item of [...others.filter(stays), moved, ...others.filter((one) => !stays(one))]) {
    let place = item;
    for (let hit = blocking(place, fixed); hit !== undefined; hit = blocking(place, fixed))
      place = { ...place, y: hit.y + hit.h };
    fixed.push(place);
  }
  return settled(fixed);
}

const blocking = (place: Item, fixed: readonly Item[]): Item | undefined =>
  fixed.find((other) => overlap(place, other));

/** Moves a panel to a place of a section. */
export function placed(view: DashboardView, id: number, section: string, wanted: GridPos): DashboardView {
  const sections = sectionsOf(view.panels ?? []);
  const panel = sections.flatMap(({ items }) => items).find((item) => item.panel.id === id)?.panel;
  if (panel === undefined) return view;
  const next = sections.map((one) => {
    if (one.key === section) return { ...one, items: arrange(one.items, panel, wanted) };
    const rest = one.items.filter((item) => item.panel.id !== id);
    return rest.length === one.items.length ? one : { ...one, items: settled(rest) };
  });
  return { ...view, panels: panelsOf(next) };
}

/** The next or the one before in reading order changes places with a panel. */
export function stepped(view: DashboardView, id: number, by: 1 | -1): DashboardView {
  const sections = sectionsOf(view.panels ?? []);
  const next = sections.map((section) => {
    const index = section.items.findIndex((item) => item.panel.id === id);
    const [item, other] = [section.items[index], section.items[index + by]];
    if (item === undefined || other === undefined) return section;
    const items = section.items.map((one) =>
      one === item ? { ...other, panel: item.panel } : one === other ? { ...item, panel: other.panel } : one,
    );
    return { ...section, items: settled(items) };
  });
  return { ...view, panels: panelsOf(next) };
}

/** A free place of a size below the panels of a section, beside the last ones where they leave room. */
export function freePlace(items: readonly Item[], w: number, h: number): GridPos {
  const heights = new Array<number>(COLUMNS).fill(0);
  for (const item of items)
    for (let x = item.x; x < Math.min(COLUMNS, item.x + item.w); x += 1)
      heights[x] = Math.max(heights[x] ?? 0, item.y + item.h);
  let best = { x: 0, y: Infinity };
  for (let x = 0; x + w <= COLUMNS; x += 1) {
    const y = Math.max(...heights.slice(x, x + w));
    if (y < best.y) best = { x, y };
  }
  return { ...best, w, h };
}

/** Where a step with the arrow keys leads: past the next panel that way, or into the next section. */
export function stepTo(
  sections: readonly EditSection[],
  id: number,
  dx: number,
  dy: number,
): { readonly section: string; readonly place: GridPos } | null {
  const index = sections.findIndex(({ items }) => items.some(({ panel }) => panel.id === id));
  const section = sections[index];
  const own = section?.items.find(({ panel }) => panel.id === id);
  if (section === undefined || own === undefined) return null;
  if (dx !== 0) return { section: section.key, place: { ...own, x: own.x + dx } };
  const column = section.items.filter((item) => item.x < own.x + own.w && own.x < item.x + item.w);
  if (dy > 0) {
    const below = column.filter((item) => item.y >= own.y + own.h).sort((a, b) => a.y - b.y)[0];
    if (below !== undefined) return { section: section.key, place: { ...own, y: below.y + below.h } };
  } else {
    const above = column.filter((item) => item.y + item.h <= own.y).sort((a, b) => b.y - a.y)[0];
    if (above !== undefined) return { section: section.key, place: { ...own, y: above.y } };
  }
  const next = sections[index + dy];
  if (next === undefined) return null;
  return { section: next.key, place: { ...own, y: dy > 0 ? 0 : bottom(next.items) } };
}
