import { describe, expect, test } from "vitest";
import { A, B, columns, field, frame, run, SERVERS, type Case } from "./transformFrames";

/** Transformations that bring frames together, reduce or calculate. */
const CASES: Case[] = [
  [
    "merge",
    [
      frame([field("Time", [1, 2]), field("Job", ["p", "q"]), field("Uptime", [25, 10])]),
      frame([field("Time", [2, 1]), field("Job", ["q", "p"]), field("Errors", [1, 15])]),
    ],
    {},
    [{ Time: [1, 2], Job: ["p", "q"], Uptime: [25, 10], Errors: [15, 1] }],
  ],
  [
    "merge",
    [frame([field("Time", [1, 2]), field("v", [1, 2])]), frame([field("Time", [2, 3]), field("v", [9, 3])])],
    {},
    [{ Time: [1, 2, 2, 3], v: [1, 2, 9, 3] }],
  ],
  ["merge", [frame([field("p", [1, 2])]), frame([field("q", [3, 4])])], {}, [{ p: [1, 2], q: [3, 4] }]],
  [
    "joinByField",
    [A, B],
    { byField: "Time", mode: "outer" },
    [{ Time: [1, 2, 3, 4], a: [10, 20, 30, null], b: [null, 5, 6, 7] }],
  ],
  ["seriesToColumns", [A, B], {}, [{ Time: [1, 2, 3, 4], a: [10, 20, 30, null], b: [null, 5, 6, 7] }]],
  ["joinByField", [A, B], { mode: "inner" }, [{ Time: [2, 3], a: [20, 30], b: [5, 6] }]],
  [
    "joinByField",
    [
      frame([field("id", [1, 2]), field("x", ["p", "q"])]),
      frame([field("id", [1, 1]), field("x", ["r", "s"])]),
    ],
    { byField: "id", mode: "inner" },
    [{ id: [1, 1], "x 1": ["p", "p"], "x 2": ["r", "s"] }],
  ],
  [
    "seriesToRows",
    [A, B],
    {},
    [{ Time: [4, 3, 3, 2, 2, 1], Metric: ["b", "a", "b", "a", "b", "a"], Value: [7, 30, 6, 20, 5, 10] }],
  ],
  [
    "concatenate",
    [frame([field("x", [1, 2])], "m"), frame([field("y", [3])], "n")],
    { frameNameMode: "drop" },
    [{ x: [1, 2], y: [3, null] }],
  ],
  [
    "concatenate",
    [frame([field("x", [1])], "m"), frame([field("y", [3])], "n")],
    {},
    [{ "m · x": [1], "n · y": [3] }],
  ],
  [
    "calculateField",
    [frame([field("p", [1, 2]), field("q", [3, null])])],
    { mode: "reduceRow", reduce: { reducer: "sum" } },
    [{ p: [1, 2], q: [3, null], Total: [4, 2] }],
  ],
  [
    "calculateField",
    [frame([field("p", [4, 2]), field("q", [3, null])])],
    {
      mode: "binary",
      binary: {
        left: { matcher: { id: "byName", options: "p" } },
        operator: "-",
        right: { matcher: { id: "byName", options: "q" } },
      },
      alias: "d",
    },
    [{ p: [4, 2], q: [3, null], d: [1, null] }],
  ],
  [
    "calculateField",
    [frame([field("Time", [1, 2]), field("p", [4, 0])])],
    { mode: "binary", replaceFields: true, binary: { left: { fixed: "1000" }, operator: "/", right: "p" } },
    [{ Time: [1, 2], "1000 / p": [250, Infinity] }],
  ],
  [
    "calculateField",
    [frame([field("p", [1, 2, 3, 4])])],
    {
      mode: "windowFunctions",
      alias: "w",
      window: {
        field: "p",
        reducer: "mean",
        windowAlignment: "trailing",
        windowSize: 2,
        windowSizeMode: "fixed",
      },
      replaceFields: true,
    },
    [{ w: [1, 1.5, 2.5, 3.5] }],
  ],
  [
    "calculateField",
    [frame([field("p", [1, 2, 3, 4])])],
    {
      mode: "windowFunctions",
      alias: "w",
      window: {
        field: "p",
        reducer: "mean",
        windowAlignment: "centered",
        windowSize: 0.75,
        windowSizeMode: "percentage",
      },
      replaceFields: true,
    },
    [{ w: [1.5, 2, 3, 3.5] }],
  ],
  [
    "calculateField",
    [frame([field("p", [1, 2, 3])])],
    { mode: "cumulativeFunctions", alias: "c", cumulative: { field: "p", reducer: "sum" } },
    [{ p: [1, 2, 3], c: [1, 3, 6] }],
  ],
  [
    "calculateField",
    [frame([field("p", [-1, 2])])],
    { mode: "unary", unary: { operator: "abs", fieldName: "p" } },
    [{ p: [-1, 2], "abs(p)": [1, 2] }],
  ],
  ["calculateField", [frame([field("p", [7, 8])])], { mode: "index" }, [{ p: [7, 8], Row: [0, 1] }]],
  [
    "calculateField",
    [A, B],
    { mode: "reduceRow", reduce: { reducer: "sum", include: ["a", "b"] }, replaceFields: true },
    [{ Time: [1, 2, 3, 4], Total: [10, 25, 36, 7] }],
  ],
  ["reduce", [A, B], { reducers: ["max", "mean"] }, [{ Field: ["a", "b"], Max: [30, 7], Mean: [20, 6] }]],
  ["reduce", [A], { mode: "reduceFields", reducers: ["lastNotNull"] }, [{ a: [30] }]],
  [
    "groupBy",
    [frame(SERVERS)],
    {
      fields: {
        Server: { operation: "groupby", aggregations: [] },
        CPU: { operation: "aggregate", aggregations: ["mean", "count"] },
      },
    },
    [{ Server: ["s1", "s2", "s3"], "CPU (mean)": [70, 89, 95], "CPU (count)": [3, 2, 1] }],
  ],
  [
    "groupBy",
    [frame(SERVERS)],
    { fields: {} },
    [Object.fromEntries(SERVERS.map((one) => [one.name, one.values]))],
  ],
  [
    "groupingToMatrix",
    [frame(SERVERS)],
    { rowField: "Time", columnField: "Server", valueField: "CPU", emptyValue: "null" },
    [
      {
        "Time\\Server": [100, 101, 102, 103, 104, 105],
        s1: [80, null, 60, null, null, 70],
        s2: [null, 88, null, null, 90, null],
        s3: [null, null, null, 95, null, null],
      },
    ],
  ],
  [
    "partitionByValues",
    [frame([field("k", ["x", "y", "x"]), field("v", [1, 2, 3])])],
    { fields: ["k"] },
    [{ v: [1, 3] }, { v: [2] }],
  ],
  [
    "labelsToFields",
    [
      frame([field("Time", [1]), field("Value", [5], "number", { host: "p", cpu: "0" })]),
      frame([field("Time", [1]), field("Value", [6], "number", { host: "q", cpu: "0" })]),
    ],
    { keepLabels: ["host"] },
    [{ Time: [1, 1], host: ["p", "q"], Value: [5, 6] }],
  ],
  [
    "labelsToFields",
    [frame([field("Time", [1]), field("Value", [5], "number", { host: "p" })], "m")],
    { mode: "rows" },
    [{ label: ["host"], value: ["p"] }],
  ],
  [
    "prepareTimeSeries",
    [frame([field("Time", [1, 1, 2]), field("host", ["p", "q", "p"]), field("v", [1, 2, 3])])],
    { format: "multi" },
    [
      { Time: [1, 2], "v p": [1, 3] },
      { Time: [1], "v q": [2] },
    ],
  ],
  [
    "prepareTimeSeries",
    [A, B],
    { format: "wide" },
    [{ Time: [1, 2, 3, 4], a: [10, 20, 30, null], b: [null, 5, 6, 7] }],
  ],
];

describe("transformations of several frames", () => {
  test.each(CASES)("%s %#", (id, frames, options, expected) => {
    expect(columns(run(id, frames, options))).toEqual(expected);
  });
});
