import { describe, expect, test } from "vitest";
import type { Options } from "../src/dashboard/model";
import { A, B, columns, field, frame, run, SERVERS, type Case } from "./transformFrames";

/** Most of them after the examples of Grafana's pages. */
const CASES: Case[] = [
  [
    "organize",
    [frame(SERVERS)],
    {
      excludeByName: { Time: true, Status: true },
      indexByName: { CPU: 0, Server: 1 },
      renameByName: { CPU: "Load" },
    },
    [{ Load: [80, 88, 60, 95, 90, 70], Server: ["s1", "s2", "s1", "s3", "s2", "s1"] }],
  ],
  [
    "filterFieldsByName",
    [frame(SERVERS)],
    { include: { names: ["CPU"] } },
    [{ CPU: [80, 88, 60, 95, 90, 70] }],
  ],
  [
    "filterByName",
    [frame(SERVERS)],
    { include: { pattern: "/^(C|St)/" }, exclude: { names: ["Status"] } },
    [{ CPU: [80, 88, 60, 95, 90, 70] }],
  ],
  ["filterFieldsByName", [A, B], { include: { names: ["a"] } }, [{ a: [10, 20, 30] }]],
  ["filterByRefId", [A, B], { include: "B" }, [{ Time: [2, 3, 4], b: [5, 6, 7] }]],
  ["filterByRefId", [A, B], { exclude: "A|C" }, [{ Time: [2, 3, 4], b: [5, 6, 7] }]],
  [
    "renameByRegex",
    [frame([field("alerts.max_sun", [1]), field("max_rain", [2]), field("min", [3])])],
    { regex: "(alerts\\.)?max_(.*)", renamePattern: "$2" },
    [{ sun: [1], rain: [2], min: [3] }],
  ],
  [
    "convertFieldType",
    [frame([field("n", ["1", "1,000", "x"]), field("b", [0, 1, 2]), field("s", [1, null, 3])])],
    {
      conversions: [
        { targetField: "n", destinationType: "number" },
        { targetField: "b", destinationType: "boolean" },
        { targetField: "s", destinationType: "string" },
      ],
    },
    [{ n: [1, 1000, null], b: [false, true, true], s: ["1", null, "3"] }],
  ],
  [
    "filterByValue",
    [frame([field("x", [1, 5, 9]), field("y", ["a", "b", "c"])])],
    {
      type: "include",
      match: "any",
      filters: [{ fieldName: "x", config: { id: "greater", options: { value: 4 } } }],
    },
    [{ x: [5, 9], y: ["b", "c"] }],
  ],
  [
    "filterByValue",
    [frame([field("x", [1, 5, 9]), field("y", ["a", "b", "c"])])],
    {
      type: "exclude",
      match: "all",
      filters: [
        { fieldName: "x", config: { id: "lower", options: { value: "6" } } },
        { fieldName: "y", config: { id: "regex", options: { value: "[ab]" } } },
      ],
    },
    [{ x: [9], y: ["c"] }],
  ],
  [
    "filterByValue",
    [frame([field("x", [0, 5, null])])],
    { type: "include", filters: [{ fieldName: "x", config: { id: "notEqual", options: { value: "0" } } }] },
    [{ x: [5, null] }],
  ],
  ["filterByValue", [frame([field("x", [1])])], { type: "include", filters: [] }, [{ x: [1] }]],
  [
    "filterByValue",
    [frame([field("x", [1])])],
    { type: "include", filters: [{ fieldName: "gone", config: { id: "isNotNull" } }] },
    [{ x: [] }],
  ],
  [
    "sortBy",
    [frame([field("x", [2, null, 1]), field("y", ["b", "n", "a"])])],
    { sort: [{ field: "x", desc: true }] },
    [{ x: [2, 1, null], y: ["b", "a", "n"] }],
  ],
  [
    "limit",
    [A],
    { limitField: 2 },
    [{ Time: [1, 2], Value: [10, 20] }].map((one) => ({ Time: one.Time, a: one.Value })),
  ],
];

const SEVERAL = [
  "merge",
  "joinByField",
  "seriesToColumns",
  "seriesToRows",
  "concatenate",
  "calculateField",
  "reduce",
  "groupBy",
  "groupingToMatrix",
  "partitionByValues",
  "labelsToFields",
  "prepareTimeSeries",
];

describe("transformations", () => {
  test.each(CASES)("%s %#", (id, frames, options, expected) => {
    expect(columns(run(id, frames, options))).toEqual(expected);
  });

  test("none of them fails on nothing, or on options that make no sense", () => {
    const ids = [...new Set(CASES.map(([id]) => id)), ...SEVERAL];
    const senseless: Options[] = [
      {},
      { fields: 3, sort: [null], filters: ["x"], conversions: {} },
      { regex: "(", include: { pattern: "(" }, mode: "constructor" },
    ];
    for (const id of ids)
      for (const options of senseless) {
        expect(run(id, [], options)).toEqual([]);
        expect(Array.isArray(run(id, [A, B], options))).toBe(true);
      }
  });

  test("a field called __proto__ is only a field", () => {
    const odd = frame([field("__proto__", [1]), field("constructor", [2])]);
    expect(run("organize", [odd], { renameByName: {} })[0]?.fields.map((one) => one.name)).toEqual([
      "__proto__",
      "constructor",
    ]);
    expect(run("groupBy", [odd], { fields: { x: { operation: "groupby" } } })).toEqual([]);
  });
});
