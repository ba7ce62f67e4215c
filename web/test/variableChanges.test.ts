import { describe, expect, it } from "vitest";
import { keptView } from "../src/dashboard/edit/saving";
import { writtenTarget } from "../src/dashboard/edit/targets";
import {
  freeName,
  nameProblem,
  variableOfType,
  variablesOf,
  withoutVariable,
  withVariable,
  withVariableAt,
  withVariableMoved,
} from "../src/dashboard/edit/variableChanges";
import type { DashboardView } from "../src/dashboard/model";

const names = (view: DashboardView): string[] => variablesOf(view).map(({ name }) => name);

describe("variables that are edited", () => {
  it("are added, changed, moved and removed without touching the others", () => {
    let view: DashboardView = withVariable({ title: "T" }, variableOfType("query", "a"));
    view = withVariable(view, variableOfType("custom", "b"));
    const before = variablesOf(view)[0];
    view = withVariableAt(view, 1, { query: "1,2" });
    expect(variablesOf(view)[0]).toBe(before);
    expect(variablesOf(view)[1]?.query).toBe("1,2");
    expect(names(withVariableMoved(view, 1, -1))).toEqual(["b", "a"]);
    expect(withVariableMoved(view, 0, -1)).toBe(view);
    expect(names(withoutVariable(view, 0))).toEqual(["b"]);
  });

  it("have names that queries can hold", () => {
    const others = [variableOfType("textbox", "host")];
    expect(nameProblem("host", others)).toContain("already");
    expect(nameProblem("two words", others)).toContain("letters");
    expect(nameProblem("__from", others)).toContain("Grafana");
    expect(nameProblem("room_2", others)).toBeNull();
    expect(freeName([])).toBe("variable");
    expect(freeName([variableOfType("custom", "variable")])).toBe("variable2");
  });

  it.each([
    ["query", ["datasource", "refresh", "regex", "multi"]],
    ["interval", ["auto", "auto_count", "auto_min"]],
    ["custom", ["multi", "includeAll"]],
    ["textbox", ["query", "current"]],
  ])("of the kind %s have what Grafana expects", (type, keys) => {
    const made = variableOfType(type, "v", "Shown");
    expect(made).toMatchObject({ name: "v", type, label: "Shown", hide: 0 });
    for (const key of keys) expect(made).toHaveProperty(key);
  });
});

describe("what is saved", () => {
  it("has SQL where Grafana has it, and everything else as it is edited", () => {
    const sql = writtenTarget("A", { query: "SELECT 1", language: "sql" });
    const influxql = writtenTarget("B", { query: "SELECT x FROM m" });
    const place = { x: 0, y: 0, w: 1, h: 1 };
    const inner = { id: 2, type: "stat", gridPos: place, targets: [sql] };
    const row = { id: 1, type: "row", gridPos: place, panels: [inner] };
    const kept = keptView({ title: "T", panels: [row, { ...inner, id: 3, targets: [influxql] }] });
    const target = kept.panels?.[0]?.panels?.[0]?.targets?.[0];
    expect(target).toMatchObject({ rawSql: "SELECT 1", rawQuery: true });
    expect(target).not.toHaveProperty("query");
    expect(kept.panels?.[1]?.targets).toEqual([influxql]);
    expect(kept.title).toBe("T");
  });
});
