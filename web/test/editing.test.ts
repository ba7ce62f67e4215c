import { describe, expect, it } from "vitest";
import {
  everyPanel,
  panelOf,
  withCopy,
  withNewPanel,
  withNewRow,
  withoutPanel,
  withoutRow,
  withPanel,
  withRow,
  withRowMoved,
} from "../src/dashboard/edit/changes";
import { begin, redone, step, undone } from "../src/dashboard/edit/history";
import { getAt, replaced, setAt, swapped } from "../src/dashboard/edit/paths";
import { arrange, freePlace, placed, sectionsOf, stepped, stepTo, TOP } from "../src/dashboard/edit/sections";
import type { DashboardView, GridPos, PanelModel } from "../src/dashboard/model";

const panel = (id: number, x: number, y: number, w: number, h: number): PanelModel => ({
  id,
  type: "stat",
  gridPos: { x, y, w, h },
});
const row = (id: number, y: number, more: Partial<PanelModel> = {}): PanelModel => ({
  ...panel(id, 0, y, 24, 1),
  type: "row",
  ...more,
});
const places = (view: DashboardView): Record<number, number[]> =>
  Object.fromEntries(
    everyPanel(view).map(({ id, gridPos: { x, y, w, h } }: PanelModel) => [id, [x, y, w, h]]),
  );
const make = (id: number, gridPos: GridPos): PanelModel => ({ id, type: "stat", gridPos });

/** Two side by side, one below them; a row with one; a closed row with one. */
const VIEW: DashboardView = {
  title: "T",
  panels: [
    panel(1, 0, 0, 12, 4),
    panel(2, 12, 0, 12, 8),
    panel(3, 0, 4, 12, 4),
    row(10, 8),
    panel(4, 0, 9, 24, 4),
    row(11, 13, { collapsed: true, panels: [panel(5, 0, 14, 6, 4)] }),
  ],
};

describe("the grid", () => {
  it("reads sections and writes the same places back", () => {
    const sections = sectionsOf(VIEW.panels ?? []);
    expect(sections.map(({ key, items }) => [key, items.map((item) => item.panel.id)])).toEqual([
      [TOP, [1, 2, 3]],
      ["10", [4]],
      ["11", [5]],
    ]);
    const same = placed(VIEW, 1, TOP, { x: 0, y: 0, w: 12, h: 4 });
    expect(places(same)).toEqual(places(VIEW));
    expect(panelOf(same, 2)).toBe(panelOf(VIEW, 2));
  });

  it("lets what stands in the way go down and closes gaps", () => {
    const moved = placed(VIEW, 3, TOP, { x: 12, y: 0, w: 12, h: 4 });
    expect(places(moved)).toMatchObject({
      1: [0, 0, 12, 4],
      3: [12, 0, 12, 4],
      2: [12, 4, 12, 8],
      10: [0, 12, 24, 1],
    });
  });

  it("changes places with the one below when half of it is covered", () => {
    const items = sectionsOf(VIEW.panels ?? [])[0]?.items ?? [];
    const first = items[0]?.panel ?? panel(1, 0, 0, 12, 4);
    const order = (y: number): number[] =>
      arrange(items, first, { x: 0, y, w: 12, h: 4 })
        .filter(({ x }) => x === 0)
        .map((item) => item.panel.id);
    expect(order(2)).toEqual([1, 3]);
    expect(order(3)).toEqual([3, 1]);
  });

  it("keeps panels within 24 columns and at least two wide", () => {
    const sized = placed(VIEW, 1, TOP, { x: 20, y: -3, w: 40, h: 0 });
    expect(places(sized)[1]).toEqual([0, 0, 24, 2]);
    expect(places(placed(VIEW, 1, TOP, { x: 0, y: 0, w: 1, h: 4 }))[1]?.[2]).toBe(2);
  });

  it("moves a panel into a closed row and out again", () => {
    const inside = placed(VIEW, 1, "11", { x: 0, y: 0, w: 12, h: 4 });
    expect(inside.panels?.find(({ id }) => id === 11)?.panels?.map(({ id }) => id)).toEqual([1, 5]);
    expect(places(placed(inside, 1, TOP, { x: 0, y: 0, w: 12, h: 4 }))).toEqual(places(VIEW));
  });

  it("steps past the next panel, or into the next section", () => {
    const sections = sectionsOf(VIEW.panels ?? []);
    expect(stepTo(sections, 1, 0, 1)).toMatchObject({ section: TOP, place: { y: 8 } });
    expect(stepTo(sections, 3, 0, -1)).toMatchObject({ section: TOP, place: { y: 0 } });
    expect(stepTo(sections, 2, 0, 1)).toMatchObject({ section: "10", place: { y: 0 } });
    expect(stepTo(sections, 4, 0, -1)).toMatchObject({ section: TOP, place: { y: 8 } });
    expect(stepTo(sections, 1, 0, -1)).toBeNull();
    expect(stepTo(sections, 99, 0, 1)).toBeNull();
  });

  it("exchanges neighbours in reading order", () => {
    expect(places(stepped(VIEW, 1, 1))).toMatchObject({ 1: [12, 0, 12, 8], 2: [0, 0, 12, 4] });
    expect(places(stepped(VIEW, 1, -1))).toEqual(places(VIEW));
  });

  it("finds room beside the last panels, else below", () => {
    const items = sectionsOf(VIEW.panels ?? [])[1]?.items ?? [];
    expect(freePlace(items, 12, 8)).toEqual({ x: 0, y: 4, w: 12, h: 8 });
    expect(freePlace([], 12, 8)).toEqual({ x: 0, y: 0, w: 12, h: 8 });
    const half = sectionsOf([panel(1, 0, 0, 12, 4)])[0]?.items ?? [];
    expect(freePlace(half, 12, 8)).toEqual({ x: 12, y: 0, w: 12, h: 8 });
  });
});

describe("changes of a dashboard", () => {
  it("adds panels with a number of their own where they are seen", () => {
    const added = withNewPanel(VIEW, make);
    expect(added.id).toBe(12);
    expect(places(added.view)[12]).toEqual([0, 8, 12, 8]);
    expect(sectionsOf(added.view.panels ?? [])[0]?.items.some((item) => item.panel.id === 12)).toBe(true);
    expect(withNewPanel({}, make)).toMatchObject({ id: 1 });
  });

  it("copies a panel beside it or below it", () => {
    const beside = withCopy(VIEW, 1);
    expect(places(beside.view)[beside.id]).toEqual([12, 0, 12, 4]);
    const below = withCopy(VIEW, 2);
    expect(places(below.view)[below.id]).toEqual([12, 8, 12, 8]);
    expect(withCopy(VIEW, 99).view).toBe(VIEW);
  });

  it("removes panels and closes the gap", () => {
    expect(places(withoutPanel(VIEW, 1))).toMatchObject({ 3: [0, 0, 12, 4], 2: [12, 0, 12, 8] });
    expect(panelOf(withoutPanel(VIEW, 5), 5)).toBeUndefined();
  });

  it("changes a panel inside a closed row", () => {
    const next = withPanel(VIEW, 5, (one) => ({ ...one, title: "In" }));
    expect(panelOf(next, 5)?.title).toBe("In");
    expect(next.panels?.[0]).toBe(VIEW.panels?.[0]);
  });

  it("opens, closes, moves and removes rows with what is in them", () => {
    const open = withRow(VIEW, 11, { collapsed: false });
    expect(places(open)).toMatchObject({ 11: [0, 13, 24, 1], 5: [0, 14, 6, 4] });
    expect(open.panels?.find(({ id }) => id === 11)?.panels).toEqual([]);
    const swapped = withRowMoved(VIEW, 11, -1);
    expect(sectionsOf(swapped.panels ?? []).map(({ key }) => key)).toEqual([TOP, "11", "10"]);
    expect(withRowMoved(VIEW, 10, -1)).toBe(VIEW);
    expect(panelOf(withoutRow(VIEW, 10, true), 4)).toBeUndefined();
    expect(places(withoutRow(VIEW, 10, false))[4]).toEqual([0, 8, 24, 4]);
    expect(sectionsOf(withNewRow(VIEW).panels ?? []).at(-1)?.row?.title).toBe("New row");
  });
});

describe("what stands below a closed row", () => {
  it("is no part of it, and stays there through a change", () => {
    const inside = panel(6, 0, 1, 12, 4);
    const view: DashboardView = {
      panels: [row(5, 0, { collapsed: true, panels: [inside] }), panel(7, 0, 5, 24, 4), row(8, 9)],
    };
    const sections = sectionsOf(view.panels ?? []);
    expect(sections.map(({ key }) => key)).toEqual([TOP, "5", "after 5", "8"]);
    const copied = withCopy(view, 7).view;
    expect(copied.panels?.map(({ id }) => id)).toEqual([5, 7, 9, 8]);
    expect(copied.panels?.[0]?.panels?.map(({ id }) => id)).toEqual([6]);
  });
});

describe("settings deep inside", () => {
  it("are read, changed and taken away without touching the rest", () => {
    const root = { a: { b: { c: 1 }, list: [1] }, z: { kept: true } };
    expect(getAt(root, "a.b.c")).toBe(1);
    expect(getAt(root, "a.list.0")).toBe(1);
    expect(getAt(root, "a.list.1")).toBeUndefined();
    expect(getAt(root, "a.toString")).toBeUndefined();
    const next = setAt(root, "a.b.d", 2);
    expect(next).toEqual({ a: { b: { c: 1, d: 2 }, list: [1] }, z: { kept: true } });
    expect(next.z).toBe(root.z);
    expect(setAt(root, "a.b.c", undefined)).toEqual({ a: { b: {}, list: [1] }, z: { kept: true } });
    expect(setAt({}, "x.y", 1)).toEqual({ x: { y: 1 } });
  });

  it("are found in lists by their places", () => {
    const root = { calcs: ["mean", "max"] };
    expect(setAt(root, "calcs.0", "min")).toEqual({ calcs: ["min", "max"] });
    expect(setAt(root, "calcs.2", "min")).toEqual({ calcs: ["mean", "max", "min"] });
    expect(setAt(root, "calcs.0", undefined)).toEqual({ calcs: ["max"] });
    expect(setAt({}, "sort.0.field", "Time")).toEqual({ sort: [{ field: "Time" }] });
    expect(swapped(["a", "b", "c"], 1, 1)).toEqual(["a", "c", "b"]);
    expect(swapped(["a"], 0, -1)).toEqual(["a"]);
    expect(replaced(["a", "b"], 0, null)).toEqual(["b"]);
  });
});

describe("steps back", () => {
  it("join what is typed in one field, and forget the future after a new step", () => {
    let history = begin("a");
    history = step(history, "b", "title");
    history = step(history, "bc", "title");
    history = step(history, "x");
    expect(history.past).toEqual(["a", "bc"]);
    history = undone(undone(history));
    expect(history.now).toBe("a");
    expect(undone(history)).toBe(history);
    history = redone(history);
    expect(history.now).toBe("bc");
    history = step(history, "new", "title");
    expect(history.future).toEqual([]);
    expect(redone(history)).toBe(history);
    expect(undone(history).now).toBe("bc");
  });

  it("are a hundred at most", () => {
    let history = begin(0);
    for (let i = 1; i <= 150; i += 1) history = step(history, i);
    expect(history.past).toHaveLength(100);
    expect(step(history, 150)).toBe(history);
  });
});
