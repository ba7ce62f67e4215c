/** Where panels stand: rows with their panels, repeats for every chosen value, gaps closed upwards. */
import { one, type Chosen, type Scope } from "./interpolate";
import type { PanelModel } from "./model";

export const COLUMNS = 24;

export interface Placed {
  /** Unlike the panel's id, also different for the copies of a repeat. */
  readonly key: string;
  readonly panel: PanelModel;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  /** The variables' values in this copy. */
  readonly scope: Scope;
}

export interface Section {
  readonly key: string;
  /** Null for the panels before the first row. */
  readonly row: PanelModel | null;
  readonly scope: Scope;
  readonly placed: readonly Placed[];
}

const NONE: Scope = new Map();

/** One scope for every value that is chosen of a variable; one that changes nothing where there is none. */
function copies(
  name: string | null | undefined,
  scope: Scope,
): { readonly key: string; readonly scope: Scope }[] {
  const chosen = name == null || name === "" ? undefined : scope.get(name);
  if (chosen === undefined || name == null) return [{ key: "", scope: NONE }];
  const each = chosen.each?.length === 0 ? undefined : chosen.each;
  const values = each ?? (typeof chosen.value === "string" ? [chosen.value] : chosen.value);
  return values.map((value) => ({
    key: values.length === 1 ? "" : `~${value}`,
    scope: new Map<string, Chosen>([[name, { ...one(value), multi: chosen.multi }]]),
  }));
}

function repeated(panel: PanelModel, scope: Scope, rowKey: string, rowScope: Scope): Placed[] {
  const all = copies(panel.repeat, new Map([...scope, ...rowScope]));
  const { x, y, w, h } = panel.gridPos;
  const place = (at: { x: number; y: number; w: number }, i: number): Placed => ({
    key: `${panel.id}${rowKey}${all[i]?.key ?? ""}`,
    panel,
    ...at,
    h,
    scope: new Map([...rowScope, ...(all[i]?.scope ?? NONE)]),
  });
  if (panel.repeat == null || panel.repeat === "" || all.length === 0) return [place({ x, y, w }, 0)];
  if (panel.repeatDirection === "v") return all.map((_, i) => place({ x, y: y + i * h, w }, i));
  const across = Math.max(1, Math.min(all.length, panel.maxPerRow ?? 4));
  const width = Math.max(1, Math.floor(COLUMNS / across));
  return all.map((_, i) =>
    place({ x: (i % across) * width, y: y + Math.floor(i / across) * h, w: width }, i),
  );
}

/** Lets panels fall upwards until they touch another, in the order in which they stand. */
export function closeGaps(placed: readonly Placed[]): Placed[] {
  const heights = new Array<number>(COLUMNS).fill(0);
  return placed.map((one) => {
    const x = Math.min(Math.max(0, one.x), COLUMNS - 1);
    const w = Math.max(1, Math.min(one.w, COLUMNS - x));
    const h = Math.max(1, one.h);
    const y = Math.max(...heights.slice(x, x + w));
    heights.fill(y + h, x, x + w);
    return { ...one, x, w, h, y };
  });
}

function sectionsOf(
  row: PanelModel | null,
  panels: readonly PanelModel[],
  scope: Scope,
  after: PanelModel | null,
): Section[] {
  const sorted = [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x);
  return copies(row?.repeat, scope).map((copy) => ({
    key: `${row?.id ?? (after === null ? "top" : `after ${after.id}`)}${copy.key}`,
    row,
    scope: copy.scope,
    placed: closeGaps(sorted.flatMap((panel) => repeated(panel, scope, copy.key, copy.scope))),
  }));
}

const holdsItsOwn = (row: PanelModel | null): row is PanelModel =>
  row?.collapsed === true && (row.panels?.length ?? 0) > 0;

/** All sections of a dashboard; those of collapsed rows have their panels too. */
export function layOut(panels: readonly PanelModel[], scope: Scope): Section[] {
  const sections: Section[] = [];
  let row: PanelModel | null = null;
  let own: PanelModel[] = [];
  let last: PanelModel | null = null;
  const flush = (): void => {
    if (row !== null || own.length > 0) sections.push(...sectionsOf(row, own, scope, last));
    last = row ?? last;
  };
  for (const panel of [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y)) {
    if (panel.type !== "row") {
      if (holdsItsOwn(row)) {
        // A closed row has its panels inside; what stands below it is not part of it.
        flush();
        [row, own] = [null, []];
      }
      own.push(panel);
      continue;
    }
    flush();
    row = panel;
    own = [...(panel.panels ?? [])];
  }
  flush();
  return sections;
}
