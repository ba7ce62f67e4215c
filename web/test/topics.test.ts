import { describe, expect, it } from "vitest";
import { drawableFields, namesIn, withNewer } from "../src/topics/keeping";
import type { TopicMessage } from "../src/topics/news";
import {
  bytesOf,
  changesOf,
  commandOf,
  hexDump,
  leavesOf,
  numericPaths,
  quoted,
  seriesOf,
  textOf,
} from "../src/topics/payload";

const said = (value: unknown, timeMs = 0, base64 = ""): TopicMessage => ({
  time_ms: timeMs,
  bytes: 0,
  cut: false,
  retained: false,
  base64,
  value,
});

describe("payloads", () => {
  it("are text where they are UTF-8", () => {
    expect(textOf(said(null, 0, "aMOp"))).toBe("hé");
    expect(textOf(said(null, 0, "/w=="))).toBeNull();
  });

  it("are bytes, sixteen a line", () => {
    const lines = hexDump(bytesOf(btoa("0123456789abcdef<\n"))).split("\n");
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/^000010 {2}3c 0a +<\.$/);
  });

  it("have values by path", () => {
    expect(leavesOf({ a: [1, { b: "x" }], c: {} })).toEqual([
      ["a[0]", 1],
      ["a[1].b", "x"],
      ["c", {}],
    ]);
    expect(leavesOf(Array.from({ length: 9999 }, () => 0))).toHaveLength(2000);
  });

  it("have numbers to draw, texts of numbers and switches too", () => {
    expect(numericPaths(said({ t: 1, u: "2.5", on: true, name: "x", none: "" }))).toEqual(["t", "u", "on"]);
    expect(numericPaths(said(3))).toEqual([""]);
  });

  it("make a line by time, with gaps", () => {
    expect(seriesOf([said({ t: 3 }, 3000), said({}, 2000), said({ t: "1" }, 1000)], "t")).toEqual([
      [1, 2, 3],
      [1, null, 3],
    ]);
  });

  it("tell what changed", () => {
    expect(changesOf(said({ t: 1, gone: 0, same: 5 }), said({ t: 2, same: 5, fresh: "x" }))).toEqual([
      { path: "t", before: "1", after: "2" },
      { path: "gone", before: "0", after: null },
      { path: "fresh", before: null, after: "x" },
    ]);
  });
});

describe("commands", () => {
  it("say the same as the box", () => {
    const sent = { topic: "a/b", payload: '{"t": 1}', qos: 1, retained: true };
    expect(commandOf("helio pub", sent)).toBe(`helio pub -t a/b -m '{"t": 1}' -q 1 -r`);
    expect(commandOf("mosquitto_pub", { ...sent, payload: "", qos: 0, retained: false })).toBe(
      "mosquitto_pub -t a/b -n",
    );
  });

  it("hold against whatever stands in a topic", () => {
    expect(quoted("a; rm -rf 'x' $(y)")).toBe(`'a; rm -rf '\\''x'\\'' $(y)'`);
    expect(quoted("")).toBe("''");
  });
});

describe("what is kept of a topic", () => {
  const one = (time_ms: number, base64: string) => ({
    time_ms,
    base64,
    bytes: 1,
    cut: false,
    retained: false,
  });

  it("shows what came after the stream was asked once, however the clocks differ", () => {
    const history = [one(2000, "Yg=="), one(1000, "YQ==")];
    const seen = [one(5000, "Yg=="), one(3500, "Yw=="), one(2005, "Yg=="), one(1005, "YQ==")];
    expect(withNewer(history, seen).map((message) => message.time_ms)).toEqual([5000, 3500, 2000, 1000]);
  });

  it("draws numbers and truth values, told apart by tags where there are several series", () => {
    const series = (host: string) => ({
      measurement: "cpu",
      tags: { host },
      fields: { usage: "float", on: "bool", name: "str" },
    });
    const base = {
      topic: "a",
      rule: null,
      origin: "tel",
      bucket: "b",
      problem: null,
      proposal: null,
    } as const;
    const labels = (...hosts: string[]) =>
      drawableFields({ ...base, series: hosts.map(series) }).map((field) => field.label);
    expect(labels("a")).toEqual(["cpu usage", "cpu on"]);
    expect(labels("a", "b")).toEqual(["cpu usage, a", "cpu on, a", "cpu usage, b", "cpu on, b"]);
  });

  it("takes names with commas or blanks between", () => {
    expect(namesIn(" t, power=ENERGY.Power  h,")).toEqual(["t", "power=ENERGY.Power", "h"]);
  });
});
