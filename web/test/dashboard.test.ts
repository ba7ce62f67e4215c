import { describe, expect, it } from "vitest";
import { fillAlias, plainName } from "../src/dashboard/alias";
import {
  fillFlux,
  formatValue,
  interpolate,
  one,
  withInterval,
  type Chosen,
} from "../src/dashboard/interpolate";
import { closeGaps, layOut } from "../src/dashboard/layout";
import { safeHref } from "../src/dashboard/links";
import type { PanelModel, VariableModel } from "../src/dashboard/model";
import { formatInterval, intervalFor, panelWindow, parseInterval, parseTime } from "../src/dashboard/time";
import { choose, filterValues, inOrder, parseOptions, sortValues } from "../src/dashboard/variables";

const several: Chosen = { value: ["a'b", "c.d"], text: "a'b + c.d", multi: true };

describe("formats of variables", () => {
  it.each([
    ["csv", "a'b,c.d"],
    ["pipe", "a'b|c.d"],
    ["regex", "(a'b|c\\.d)"],
    ["glob", "{a'b,c.d}"],
    ["json", '["a\'b","c.d"]'],
    ["singlequote", "'a\\'b','c.d'"],
    ["doublequote", '"a\'b","c.d"'],
    ["sqlstring", "'a''b','c.d'"],
    ["percentencode", "%7Ba%27b%2Cc.d%7D"],
    ["distributed", "a'b,x=c.d"],
    ["queryparam", "var-x=a%27b&var-x=c.d"],
    ["text", "a'b + c.d"],
    ["join:;", "a'b;c.d"],
  ])("%s", (format, expected) => {
    expect(formatValue(several, format, "x")).toBe(expected);
  });

  it.each([
    ["date", "2020-07-13T20:19:09.254Z"],
    ["date:iso", "2020-07-13T20:19:09.254Z"],
    ["date:seconds", "1594671549"],
  ])("%s of a time", (format, expected) => {
    expect(formatValue(one("1594671549254"), format, "__from")).toBe(expected);
  });
});

describe("interpolation", () => {
  const scope = new Map([
    ["host", { value: ["pi.1", "pi2"], text: "", multi: true }],
    ["one", { value: ["pi.1"], text: "", multi: true }],
    ["plain", one("x.y")],
    ["all", { value: ".*", text: "All", multi: true, verbatim: true }],
  ] as [string, Chosen][]);

  it.each([
    ['"host" =~ /^$host$/', '"host" =~ /^(pi\\.1|pi2)$/'],
    ['"host" =~ /^[[one]]$/', '"host" =~ /^pi\\.1$/'],
    ['"host" =~ /^$plain$/', '"host" =~ /^x.y$/'],
    ['"host" =~ /^${all}$/', '"host" =~ /^.*$/'],
    ["\"host\" = '$one'", "\"host\" = 'pi.1'"],
    ["${host:csv} [[host:pipe]]", "pi.1,pi2 pi.1|pi2"],
    ["$unknown ${unknown:csv} $1", "$unknown ${unknown:csv} $1"],
  ])("%s", (text, expected) => {
    expect(interpolate(text, scope, "influxql")).toBe(expected);
  });

  const times = { fromMs: 1000, toMs: 61_000, intervalMs: 10_000, interval: "10s" };
  it("fills what Grafana builds in", () => {
    const text =
      "$timeFilter GROUP BY time($__interval), $interval $__interval_ms ${__from:date:seconds} $__range_s";
    expect(interpolate(text, withInterval(new Map(), times), "influxql")).toBe(
      "time >= 1000ms and time <= 61000ms GROUP BY time(10s), 10s 10000 1 60",
    );
  });

  it("leaves $interval to a variable of that name", () => {
    expect(
      interpolate("$interval", withInterval(new Map([["interval", one("5m")]]), times), "influxql"),
    ).toBe("5m");
  });

  it("fills v. of Flux", () => {
    const text =
      "from(bucket: v.defaultBucket) |> range(start: v.timeRangeStart) |> window(every: v.windowPeriod)";
    expect(fillFlux(text, times, "lab")).toBe(
      'from(bucket: "lab") |> range(start: 1970-01-01T00:00:01.000Z) |> window(every: 10000ms)',
    );
  });
});

describe("aliases", () => {
  const series = { measurement: "servers.cpu", column: "mean", labels: { host: "pi", "disk name": "sda" } };
  it.each([
    ["$tag_host: $col", "pi: mean"],
    ["$m", "servers.cpu"],
    ["$measurement [[tag_host]]", "servers.cpu pi"],
    ["[[tag_disk name]]", "sda"],
    ["$1 $0", "cpu servers"],
    ["$tag_none $9", "$tag_none $9"],
  ])("%s", (pattern, expected) => {
    expect(fillAlias(pattern, series)).toBe(expected);
  });

  it("names a series without an alias", () => {
    expect(plainName({ ...series, labels: { host: "pi" } })).toBe("servers.cpu.mean {host: pi}");
  });
});

describe("times", () => {
  const now = Date.UTC(2026, 10, 23, 9, 30, 15);
  it.each([
    ["now-6h", "from", Date.UTC(2026, 10, 23, 3, 30, 15)],
    ["now/d", "from", Date.UTC(2026, 10, 23)],
    ["now/d", "to", Date.UTC(2026, 10, 24) - 1],
    ["now-1d/d", "from", Date.UTC(2026, 10, 22)],
    ["now-1M/M", "from", Date.UTC(2026, 9, 1)],
    ["1594671549254", "from", 1_594_671_549_254],
    ["2026-11-22 14:00", "from", Date.UTC(2026, 10, 22, 14)],
    ["yesterday", "from", undefined],
  ] as const)("%s as %s", (text, end, expected) => {
    expect(parseTime(text, end, now, true)).toBe(expected);
  });

  it("gives a panel its own length and shift", () => {
    const window = panelWindow({ timeFrom: "1h", timeShift: "1d" }, { from: "now-6h", to: "now" }, now, true);
    expect(window).toEqual({ fromMs: now - 25 * 3_600_000, toMs: now - 24 * 3_600_000 });
  });

  it("rounds intervals as Grafana does and keeps the least one", () => {
    expect(intervalFor({ fromMs: 0, toMs: 6 * 3_600_000 }, 1000)).toBe(20_000);
    expect(intervalFor({ fromMs: 0, toMs: 3_600_000 }, 1000, 10_000)).toBe(10_000);
    expect([parseInterval(">1m"), parseInterval("1h30m"), parseInterval("soon")]).toEqual([
      60_000,
      5_400_000,
      undefined,
    ]);
    expect([90_000, 120_000, 500].map(formatInterval)).toEqual(["90s", "2m", "500ms"]);
  });
});

describe("variables", () => {
  const options = ["b10", "a2", "B1"].map((text) => ({ text, value: text }));
  it.each([
    [1, ["B1", "a2", "b10"]],
    [2, ["b10", "a2", "B1"]],
    [3, ["B1", "a2", "b10"]],
    [5, ["a2", "B1", "b10"]],
  ])("sorts by %d", (sort, expected) => {
    expect(sortValues(options, sort).map((option) => option.text)).toEqual(expected);
  });

  it("cuts values by a group, and by named ones", () => {
    const values = ["cpu-pi", "mem", "cpu-pi2"].map((text) => ({ text, value: text }));
    expect(filterValues(values, "/cpu-(.*)/").map((option) => option.value)).toEqual(["pi", "pi2"]);
    expect(filterValues(values, "/(?<value>cpu)-(?<text>pi)$/")).toEqual([{ text: "pi", value: "cpu" }]);
  });

  it("reads custom options", () => {
    expect(parseOptions("a, Long name : 5, c\\,d")).toEqual([
      { text: "a", value: "a" },
      { text: "Long name", value: "5" },
      { text: "c,d", value: "c,d" },
    ]);
  });

  it("loads a variable after those that it mentions", () => {
    const list: VariableModel[] = [
      { name: "disk", type: "query", query: "SHOW TAG VALUES WHERE host =~ /^$host$/" },
      { name: "host", type: "query", query: "SHOW TAG VALUES" },
    ];
    expect(inOrder(list).map((model) => model.name)).toEqual(["host", "disk"]);
  });

  it("chooses the address's wish, then the saved one, then the first", () => {
    const model: VariableModel = {
      name: "x",
      type: "query",
      multi: true,
      includeAll: true,
      current: { value: ["a2"] },
    };
    expect(choose(model, options, ["B1", "gone"])).toEqual(["B1"]);
    expect(choose(model, options, undefined)).toEqual(["a2"]);
    expect(choose(model, options, ["All"])).toEqual(["$__all"]);
    expect(choose({ name: "x", type: "query" }, options, ["gone"])).toEqual(["b10"]);
  });
});

describe("layout", () => {
  const panel = (
    id: number,
    x: number,
    y: number,
    w: number,
    more: Partial<PanelModel> = {},
  ): PanelModel => ({
    id,
    type: "stat",
    gridPos: { x, y, w, h: 4 },
    ...more,
  });
  const hosts = new Map<string, Chosen>([["host", { value: ["a", "b", "c"], text: "", multi: true }]]);

  it("repeats a panel across and closes gaps below", () => {
    const [section] = layOut(
      [panel(1, 0, 0, 24, { repeat: "host", maxPerRow: 2 }), panel(2, 0, 4, 24)],
      hosts,
    );
    expect(section?.placed.map(({ key, x, y, w }) => [key, x, y, w])).toEqual([
      ["1~a", 0, 0, 12],
      ["1~b", 12, 0, 12],
      ["1~c", 0, 4, 12],
      ["2", 0, 8, 24],
    ]);
  });

  it("repeats for each option behind a custom all, once where there is none", () => {
    const all = (each: readonly string[]) =>
      new Map<string, Chosen>([["host", { value: ".*", text: "All", multi: true, customAll: true, each }]]);
    const repeated = [panel(1, 0, 0, 24, { repeat: "host" })];
    const keys = (each: readonly string[]) =>
      layOut(repeated, all(each)).flatMap(({ placed }) => placed.map(({ key }) => key));
    expect(keys(["a", "b"])).toEqual(["1~a", "1~b"]);
    expect(keys([])).toEqual(["1"]);
  });

  it("repeats a row with its panels", () => {
    const row = panel(9, 0, 0, 24, {
      type: "row",
      repeat: "host",
      collapsed: true,
      panels: [panel(1, 0, 1, 12)],
    });
    expect(layOut([row], hosts).map(({ key, placed }) => [key, placed[0]?.key])).toEqual([
      ["9~a", "1~a"],
      ["9~b", "1~b"],
      ["9~c", "1~c"],
    ]);
  });

  it("lets panels fall upwards", () => {
    const [section] = layOut([panel(1, 0, 3, 12), panel(2, 0, 20, 12)], new Map());
    expect(closeGaps(section?.placed ?? []).map((placed) => placed.y)).toEqual([0, 4]);
  });
});

describe("links", () => {
  it.each([
    ["https://example.org/a", "https://example.org/a"],
    ["/d/abc/name?var-host=pi", "#/d/abc?var-host=pi"],
    ["javascript:alert(1)", null],
    ["data:text/html,x", null],
    ["/explore", null],
  ])("%s", (url, expected) => {
    expect(safeHref(url)).toBe(expected);
  });
});
