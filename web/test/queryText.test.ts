import { describe, expect, it } from "vitest";
import { withGroup, withPart } from "../src/dashboard/edit/builderParts";
import { contextAt, inserted, offersFor, type Known } from "../src/dashboard/edit/completion";
import { faultPlace, lineAndColumn, placeWritten } from "../src/dashboard/edit/faultPlace";
import { pieces } from "../src/dashboard/edit/highlight";
import type { QueryLanguage } from "../src/dashboard/edit/targets";
import { fillSql } from "../src/dashboard/sqlMacros";

/** The place of the caret is written as ¦ in these texts. */
const at = (text: string): readonly [text: string, caret: number] => [
  text.replace("¦", ""),
  text.indexOf("¦"),
];
const wants = (text: string, language: QueryLanguage): string[] => {
  const [whole, caret] = at(text);
  return contextAt(whole, caret, language).wants.map((want) =>
    want.kind === "value" ? `value of ${want.tag}` : want.kind,
  );
};

const KNOWN: Known = {
  measurements: ["room", 'a "b"'],
  fields: ["temperature", "humidity"],
  tags: ["host", "place"],
  values: ["pi1", "it's"],
  buckets: ["telegraf"],
  variables: ["host"],
};

function completed(text: string, language: QueryLanguage, label: string): string {
  const [whole, caret] = at(text);
  const context = contextAt(whole, caret, language);
  const offer = offersFor(context, KNOWN, language).find((one) => one.label === label);
  if (offer === undefined) return "not offered";
  const next = inserted(whole, caret, context, offer);
  return `${next.text.slice(0, next.caret)}¦${next.text.slice(next.caret)}`;
}

describe("what may come next", () => {
  it.each([
    ["SELECT me¦", "influxql", ["field", "function", "keyword"]],
    ['SELECT mean("te¦', "influxql", ["field", "function", "keyword"]],
    ["SELECT mean(x) FROM ¦", "influxql", ["measurement"]],
    ['SELECT mean(x) FROM "ro¦', "influxql", ["measurement"]],
    ['SELECT x FROM "room" WHERE h¦', "influxql", ["tag", "field", "variable", "keyword"]],
    ['SELECT x FROM room WHERE "host" = \'¦', "influxql", ["value of host"]],
    ["SELECT x FROM room WHERE host = ¦", "influxql", ["value of host"]],
    ["SELECT x FROM room WHERE $time¦", "influxql", ["variable"]],
    ["SELECT x FROM room WHERE time > 1 GROUP BY ¦", "influxql", ["tag", "function", "keyword"]],
    ["SHOW TAG VALUES WITH KEY = ¦", "influxql", ["tag"]],
    ['from(bucket: "¦', "flux", ["bucket"]],
    ['|> filter(fn: (r) => r._measurement == "¦', "flux", ["measurement"]],
    ['|> filter(fn: (r) => r._measurement == "room" and r.host == "¦', "flux", ["value of host"]],
    ["SELECT ¦ FROM room", "sql", ["field", "tag", "function", "keyword"]],
    ["SELECT x FROM ¦", "sql", ["measurement"]],
  ] as const)("%s in %s", (text, language, expected) => {
    expect(wants(text, language)).toEqual(expected);
  });

  it("knows the measurement of the text", () => {
    expect(contextAt('SELECT x FROM "a \\"b\\"" WHERE ', 10, "influxql").measurement).toBe('a "b"');
    expect(contextAt('SELECT x FROM "db"."autogen"."room" ', 10, "influxql").measurement).toBe("room");
    expect(contextAt('SELECT x FROM "db".."room" ', 10, "influxql").measurement).toBe("room");
    expect(contextAt('r._measurement == "room")', 0, "flux").measurement).toBe("room");
  });

  it.each([
    ["SELECT m¦", "influxql", "mean", "SELECT mean(¦"],
    ['SELECT mean("te¦")', "influxql", "temperature", 'SELECT mean("temperature"¦)'],
    ["SELECT x FROM r¦", "influxql", "room", 'SELECT x FROM "room"¦'],
    ["SELECT x FROM a¦", "influxql", 'a "b"', 'SELECT x FROM "a \\"b\\""¦'],
    ["SELECT x FROM m WHERE host = 'i¦'", "influxql", "it's", "SELECT x FROM m WHERE host = 'it\\'s'¦"],
    ["SELECT x FROM m WHERE host = 'i¦'", "sql", "it's", "SELECT x FROM m WHERE host = 'it''s'¦"],
    ["SELECT x FROM r¦", "sql", "room", "SELECT x FROM room¦"],
    ["SELECT x FROM m WHERE $ti¦", "influxql", "timeFilter", "SELECT x FROM m WHERE $timeFilter¦"],
  ] as const)("%s in %s with %s", (text, language, label, expected) => {
    expect(completed(text, language, label)).toBe(expected);
  });

  it("offers nothing for a word that is complete", () => {
    const [text, caret] = at("SELECT x FROM m WHERE place¦");
    const context = contextAt(text, caret, "influxql");
    expect(offersFor({ ...context, wants: [{ kind: "tag" }] }, KNOWN, "influxql")).toEqual([]);
  });
});

describe("colours", () => {
  it.each([
    ["SELECT mean(\"a\") FROM 'x' WHERE $timeFilter AND t =~ /^$host$/ -- end", "influxql"],
    ['from(bucket: "b") // end\n|> range(start: v.timeRangeStart)', "flux"],
    ['SELECT 1.5 FROM "a""b" WHERE s = \'it\'\'s', "sql"],
  ] as const)("lose no letter of %s", (text, language) => {
    const found = pieces(text, language);
    expect(found.map((piece) => piece.text).join("")).toBe(text);
    expect(new Set(found.map((piece) => piece.ink)).size).toBeGreaterThan(3);
  });
});

describe("the place of a fault", () => {
  it("is found behind variables that were filled in", () => {
    const written = 'SELECT x FROM "$m" WHERE $timeFilter GRUP BY t';
    const sent = 'SELECT x FROM "room" WHERE time >= 1ms and time <= 2ms GRUP BY t';
    expect(placeWritten(written, sent, sent.indexOf("GRUP"))).toBe(written.indexOf("GRUP"));
    expect(placeWritten(written, sent, sent.indexOf("time <="))).toBe(written.indexOf("$timeFilter"));
    expect(placeWritten(written, sent, sent.length)).toBe(written.length);
    const place = faultPlace({ message: "m", line: 1, column: sent.indexOf("GRUP") + 1 }, written, sent);
    expect(place).toEqual({ start: 37, end: 41 });
  });

  it("is counted over lines", () => {
    const text = "SELECT x\nFRM m";
    const place = faultPlace({ message: "found FRM", line: 2, column: 1 }, text, text);
    expect(place).toEqual({ start: 9, end: 12 });
    expect(lineAndColumn(text, 9)).toEqual({ line: 2, column: 1 });
  });

  it("is read from what DuckDB draws", () => {
    const text = "SELECT * FRM room";
    const message =
      'Parser Error: syntax error at or near "room"\n\nLINE 1: SELECT * FRM room\n                     ^^^^';
    expect(faultPlace({ message }, text, text)).toEqual({ start: 13, end: 17 });
  });

  it("is the name that the message tells, where it tells no place", () => {
    const text = 'SELECT nosuch("x") FROM m';
    expect(faultPlace({ message: "undefined function nosuch()" }, text, text)).toEqual({ start: 7, end: 13 });
    expect(faultPlace({ message: "something else" }, text, text)).toBeNull();
  });

  it("is the letter before the end, where the end came too early", () => {
    const text = "SELECT x FROM";
    expect(faultPlace({ message: "found EOF", line: 1, column: 14 }, text, text)).toEqual({
      start: 12,
      end: 13,
    });
  });

  it("is a whole macro", () => {
    const written = "SELECT x FROM m WHERE $__timeFilter(tme)";
    const sent = "SELECT x FROM m WHERE tme >= 'a' AND tme <= 'b'";
    const place = faultPlace({ message: 'column "tme" not found' }, written, sent);
    expect(written.slice(place?.start, place?.end)).toBe("$__timeFilter(tme)");
  });
});

describe("columns of the builder", () => {
  const field = { type: "field", params: ["x"] };
  it("have one function that makes one value of many, and the others in their order", () => {
    const column = withPart(withPart(withPart([field], "mean"), "alias"), "math");
    expect(column.map(({ type }) => type)).toEqual(["field", "mean", "math", "alias"]);
    expect(withPart(column, "max").map(({ type }) => type)).toEqual(["field", "max", "math", "alias"]);
    expect(withPart(column, "derivative").map(({ type }) => type)).toEqual([
      ...["field", "mean", "derivative", "math", "alias"],
    ]);
    expect(withPart([field], "percentile")[1]?.params).toEqual(["95"]);
  });

  it("are grouped by time before tags", () => {
    const parts = withGroup([{ type: "tag", params: ["host"] }], "time", ["1m"]);
    expect(parts.map(({ type }) => type)).toEqual(["time", "tag"]);
    expect(withGroup(parts, "time", null)).toHaveLength(1);
    expect(withGroup(parts, "fill", ["0"]).at(-1)).toEqual({ type: "fill", params: ["0"] });
  });
});

describe("macros of SQL", () => {
  const times = { fromMs: 0, toMs: 3_600_000, intervalMs: 5000, interval: "5s" };
  it.each([
    ["$__timeFilter(t)", "t >= '1970-01-01T00:00:00.000Z' AND t <= '1970-01-01T01:00:00.000Z'"],
    ["$__timeFilter", "time >= '1970-01-01T00:00:00.000Z' AND time <= '1970-01-01T01:00:00.000Z'"],
    ["$__dateBin(time)", "time_bucket(INTERVAL '5000 milliseconds', time)"],
    ["$__timeFrom", "'1970-01-01T00:00:00.000Z'"],
    ["$__timeTo()", "'1970-01-01T01:00:00.000Z'"],
    ["$__interval", "$__interval"],
  ])("%s", (text, expected) => {
    expect(fillSql(text, times)).toBe(expected);
  });
});
