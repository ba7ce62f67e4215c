/** What editing does to a dashboard's view: each change gives a new view and leaves the old one as it is. */
import type { DashboardView, GridPos, PanelModel } from "../model";
import { freePlace, panelsOf, placed, sectionsOf, TOP, type EditSection } from "./sections";

export const NEW_SIZE = { w: 12, h: 8 } as const;

/** All panels, those of collapsed rows too. */
export function everyPanel(view: DashboardView): PanelModel[] {
  return (view.panels ?? []).flatMap((panel) => [panel, ...(panel.panels ?? [])]);
}

export const panelOf = (view: DashboardView, id: number): PanelModel | undefined =>
  everyPanel(view).find((panel) => panel.id === id);

const nextId = (view: DashboardView): number => Math.max(0, ...everyPanel(view).map(({ id }) => id)) + 1;

/** Changes one panel, wherever it is. */
export function withPanel(
  view: DashboardView,
  id: number,
  change: (panel: PanelModel) => PanelModel,
): DashboardView {
  const inner = (panel: PanelModel): PanelModel => {
    if (panel.id === id) return change(panel);
    if (panel.panels?.some((one) => one.id === id) !== true) return panel;
    return { ...panel, panels: panel.panels.map((one) => (one.id === id ? change(one) : one)) };
  };
  return { ...view, panels: (view.panels ?? []).map(inner) };
}

/** Where a new panel is seen at once: not in a row that is closed. */
function openSection(sections: readonly EditSection[]): EditSection | undefined {
  const last = sections[sections.length - 1];
  return last?.row?.collapsed === true ? sections[0] : last;
}

/** Adds a panel at the end of a section, or of the last open one; returns its number too. */
export function withNewPanel(
  view: DashboardView,
  make: (id: number, place: GridPos) => PanelModel,
  section?: string,
): { readonly view: DashboardView; readonly id: number } {
  const id = nextId(view);
  const sections = sectionsOf(view.panels ?? []);
  const into = sections.find(({ key }) => key === section) ?? openSection(sections);
  const wanted = make(id, { x: 0, y: 0, ...NEW_SIZE });
  const place = freePlace(into?.items ?? [], wanted.gridPos.w, wanted.gridPos.h);
  const panel = { ...wanted, gridPos: place };
  const next = sections.map((one) =>
    one.key === into?.key ? { ...one, items: [...one.items, { panel, ...place }] } : one,
  );
  return { view: { ...view, panels: panelsOf(next) }, id };
}

/** A copy of a panel beside it where there is room, else below it. */
export function withCopy(
  view: DashboardView,
  id: number,
): { readonly view: DashboardView; readonly id: number } {
  const section = sectionsOf(view.panels ?? []).find(({ items }) =>
    items.some(({ panel }) => panel.id === id),
  );
  const item = section?.items.find(({ panel }) => panel.id === id);
  if (section === undefined || item === undefined) return { view, id };
  const right = item.x + 2 * item.w <= 24;
  const place = {
    x: right ? item.x + item.w : item.x,
    y: right ? item.y : item.y + item.h,
    w: item.w,
    h: item.h,
  };
  const added = withNewPanel(view, (own) => ({ ...item.panel, id: own }), section.key);
  return { view: placed(added.view, added.id, section.key, place), id: added.id };
}

export function withoutPanel(view: DashboardView, id: number): DashboardView {
  const next = sectionsOf(view.panels ?? []).map((section) => {
    const rest = section.items.filter(({ panel }) => panel.id !== id);
    return rest.length === section.items.length ? section : { ...section, items: rest };
  });
  // Read back once, so that the gap is closed.
  return { ...view, panels: panelsOf(sectionsOf(panelsOf(next))) };
}

/** Adds a row at the end. */
export function withNewRow(view: DashboardView): DashboardView {
  const row: PanelModel = {
    id: nextId(view),
    type: "row",
    title: "New row",
    collapsed: false,
    gridPos: { x: 0, y: 0, w: 24, h: 1 },
    panels: [],
  };
  const sections = sectionsOf(view.panels ?? []);
  return { ...view, panels: panelsOf([...sections, { key: String(row.id), row, items: [] }]) };
}

/** Changes a row's own settings. A row that begins closed keeps its panels inside. */
export function withRow(view: DashboardView, id: number, changes: Partial<PanelModel>): DashboardView {
  const next = sectionsOf(view.panels ?? []).map((section) =>
    section.row?.id === id ? { ...section, row: { ...section.row, ...changes } } : section,
  );
  return { ...view, panels: panelsOf(next) };
}

/** Takes a row away; its panels go to the section above, or with it. */
export function withoutRow(view: DashboardView, id: number, panelsToo: boolean): DashboardView {
  const sections = sectionsOf(view.panels ?? []);
  const index = sections.findIndex(({ row }) => row?.id === id);
  const [above, gone] = [sections[index - 1], sections[index]];
  if (above === undefined || gone === undefined) return view;
  const below = Math.max(0, ...above.items.map(({ y, h }) => y + h));
  const items = [...above.items, ...gone.items.map((item) => ({ ...item, y: item.y + below }))];
  const next = sections.filter((section) => section !== gone);
  if (!panelsToo) next[index - 1] = { ...above, items };
  return { ...view, panels: panelsOf(next) };
}

/** Moves a row with its panels before or behind its neighbour. */
export function withRowMoved(view: DashboardView, id: number, by: 1 | -1): DashboardView {
  const sections = sectionsOf(view.panels ?? []);
  const index = sections.findIndex(({ row }) => row?.id === id);
  const [own, other] = [sections[index], sections[index + by]];
  if (own === undefined || other === undefined || other.key === TOP) return view;
  const next = [...sections];
  [next[index], next[index + by]] = [other, own];
  return { ...view, panels: panelsOf(next) };
}
