import { describe, expect, it } from "vitest";
import { getAt, setAt } from "../src/dashboard/edit/paths";
import { calculateBegin, calculateSettings } from "../src/dashboard/edit/steps/calculate";
import { stepKind, STEPS } from "../src/dashboard/edit/steps/catalogue";
import { conditionOf, CONDITIONS, filterOf, needsOf } from "../src/dashboard/edit/steps/filters";
import { organizedFields, withHidden, withNewName, withPlaceOf } from "../src/dashboard/edit/steps/organize";
import { resultText } from "../src/dashboard/edit/steps/resultText";
import { lettersOf, withRule } from "../src/dashboard/edit/steps/rules";
import { transformOf } from "../src/dashboard/panel";
import { A, columns, frame, run, SERVERS } from "./transformFrames";

describe("transformations that can be added", () => {
  it.each(STEPS.map(({ id }) => id))("%s is one that the page draws, and takes what it begins with", (id) => {
    const step = stepKind(id);
    const names = SERVERS.map(({ name }) => name);
    expect(transformOf(id)).toBeDefined();
    expect(() => run(id, [frame(SERVERS)], step?.begin(names) ?? {})).not.toThrow();
    expect(() => run(id, [], step?.begin([]) ?? {})).not.toThrow();
  });

  it("are known by old names, too", () => {
    expect(stepKind("seriesToColumns")?.id).toBe("joinByField");
    expect(stepKind("toString")).toBeUndefined();
    expect(stepKind("somebodys")).toBeUndefined();
  });
});

describe("organize", () => {
  const names = ["Time", "Server", "CPU"];

  it("hides, orders and renames, and says so in Grafana's options", () => {
    let options = withHidden({ somebodys: 1 }, "Time", true);
    options = withNewName(options, "CPU", "load");
    options = withPlaceOf(options, names, 2, -1);
    expect(options).toEqual({
      somebodys: 1,
      excludeByName: { Time: true },
      renameByName: { CPU: "load" },
      indexByName: { Time: 0, CPU: 1, Server: 2 },
    });
    expect(organizedFields(names, options)).toEqual([
      { name: "Time", hidden: true, renamed: "" },
      { name: "CPU", hidden: false, renamed: "load" },
      { name: "Server", hidden: false, renamed: "" },
    ]);
    const [made] = columns(run("organize", [frame(SERVERS.slice(0, 3))], options));
    expect(Object.keys(made ?? {})).toEqual(["load", "Server"]);
    expect(withNewName(withHidden(options, "Time", false), "CPU", "")).toMatchObject({
      excludeByName: {},
      renameByName: {},
    });
  });

  it("that names what it shows goes on to do so", () => {
    const options = withHidden({ includeByName: { CPU: true } }, "Server", false);
    expect(options).toMatchObject({ includeByName: { CPU: true, Server: true } });
    expect(organizedFields(names, options).map(({ hidden }) => hidden)).toEqual([true, false, false]);
  });
});

describe("conditions", () => {
  it.each(CONDITIONS.map(([id]) => id))("%s survives being read and written", (id) => {
    const value = { one: { value: 7 }, two: { from: 1, to: 9 }, none: {} }[needsOf(id)];
    const filter = { fieldName: "CPU", config: { id, options: value } };
    expect(filterOf(conditionOf(filter), filter)).toEqual(filter);
  });

  it("keep texts, variables and what nobody knows", () => {
    const filter = { fieldName: "a", config: { id: "equal", options: { value: "$host" }, somebodys: 1 } };
    expect(filterOf({ ...conditionOf(filter), value: "pi" }, filter)).toEqual({
      fieldName: "a",
      config: { id: "equal", options: { value: "pi" }, somebodys: 1 },
    });
  });
});

describe("other forms", () => {
  it("group by fields, and take figures of others", () => {
    let options = withRule({}, "Server", "groupby");
    options = withRule(options, "CPU", "aggregate");
    expect(options).toEqual({
      fields: {
        Server: { aggregations: [], operation: "groupby" },
        CPU: { aggregations: ["mean"], operation: "aggregate" },
      },
    });
    expect(columns(run("groupBy", [frame(SERVERS)], options))).toEqual([
      { Server: ["s1", "s2", "s3"], "CPU (mean)": [70, 89, 95] },
    ]);
    expect(withRule(options, "CPU", "none")).toEqual({
      fields: { Server: { aggregations: [], operation: "groupby" } },
    });
  });

  it("calculate with what newer and older dashboards call the two sides", () => {
    const settings = (binary: object): string[] =>
      calculateSettings({ mode: "binary", binary }).map(({ path }) => path);
    expect(settings({ left: "a", right: "1" })).toContain("binary.right");
    const newer = { left: { matcher: { id: "byName", options: "a" } }, right: { fixed: "2" } };
    expect(settings(newer)).toEqual(
      expect.arrayContaining(["binary.left.matcher.options", "binary.right.fixed"]),
    );
    const options = setAt(calculateBegin(["Time", "Value"]), "binary.operator", "*");
    expect(getAt(options, "binary.left")).toBe("Value");
    const twice = setAt(options, "binary.right", "2");
    expect(columns(run("calculateField", [A], twice))[0]).toMatchObject({ "a * 2": [20, 40, 60] });
  });

  it("tell the letters of queries, however they are written", () => {
    expect(lettersOf("A|B")).toEqual(["A", "B"]);
    expect(lettersOf("/^(?:A|C)$/")).toEqual(["A", "C"]);
    expect(lettersOf({ id: "byRefId", options: "B" })).toEqual(["B"]);
    expect(lettersOf(undefined)).toEqual([]);
  });

  it("say what comes out", () => {
    expect(resultText([])).toBe("gives nothing");
    expect(resultText([A])).toBe("gives 1 table, 2 columns, 3 rows");
    expect(resultText(run("reduce", [A], { reducers: ["max"] }))).toBe("gives 1 table, 2 columns, 1 row");
  });
});
