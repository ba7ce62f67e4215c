import { describe, expect, it } from "vitest";
import type { AnswerFrame } from "../src/dashboard/client";
import { matches } from "../src/dashboard/fieldModel";
import { framesOf } from "../src/dashboard/frames";
import { layOut } from "../src/dashboard/layout";
import type { PanelModel, Target } from "../src/dashboard/model";
import { columns, frame, run, field } from "./transformFrames";

const plain = (text: string): string => text;
const target = (language: "flux" | "influxql", alias?: string): Target => ({
  refId: "A",
  "x-helio": { language, bucket: "telegraf" },
  ...(alias === undefined ? {} : { alias }),
});
const series = (measurement: string, column: string, labels: Record<string, string>): AnswerFrame => ({
  name: "",
  labels,
  meta: { measurement, column },
  fields: [
    { name: "Time", type: "time", values: [1] },
    { name: column, type: "number", values: [2], labels },
  ],
});
const names = (answer: AnswerFrame[], wanted: Target, all = answer): string[] =>
  framesOf(answer, wanted, plain, all).map(({ name }) => name);

describe("series of Flux are named as Grafana names them", () => {
  it("by field and labels", () => {
    const two = [series("cpu", "idle", { host: "a", cpu: "0" }), series("cpu", "idle", { host: "b" })];
    expect(names(two, target("flux"))).toEqual(['idle {host="a", cpu="0"}', 'idle {host="b"}']);
  });

  it("by the value of the only label", () => {
    expect(names([series("cpu", "idle", { host: "a" })], target("flux"))).toEqual(["idle a"]);
    expect(names([series("", "_value", { host: "a" })], target("flux"))).toEqual(["_value a"]);
    expect(names([series("pv", "watt", {})], target("flux"))).toEqual(["watt"]);
  });

  it("with the measurement where the panel has several", () => {
    const [one, other] = [series("cpu", "idle", {}), series("mem", "used", {})];
    expect(names([one], target("flux"), [one, other])).toEqual(["cpu idle"]);
  });

  it("and those of InfluxQL as before", () => {
    const one = [series("cpu", "mean", { host: "a" })];
    expect(names(one, target("influxql"))).toEqual(["cpu.mean {host: a}"]);
    expect(names(one, target("influxql", "$tag_host"))).toEqual(["a"]);
  });

  it("and overrides may mean the field alone", () => {
    const [made] = framesOf([series("cpu", "idle", { host: "a" })], target("flux"), plain);
    const [time, value] = made?.fields ?? [];
    if (made === undefined || time === undefined || value === undefined) throw new Error("no field");
    const byName = (options: string) => ({ id: "byName", options });
    expect(matches(byName("idle"), value, made, "idle a")).toBe(true);
    expect(matches(byName("idle a"), value, made, "idle a")).toBe(true);
    expect(matches(byName("idle"), time, made, "Time")).toBe(false);
  });
});

describe("closed rows", () => {
  const panel = (id: number, y: number, more: Partial<PanelModel> = {}): PanelModel => ({
    id,
    type: "stat",
    gridPos: { x: 0, y, w: 4, h: 2 },
    ...more,
  });

  it("with panels inside leave those below them alone", () => {
    const row = panel(1, 0, { type: "row", collapsed: true, panels: [panel(2, 1)] });
    const sections = layOut([row, panel(3, 1), panel(4, 5, { type: "row" }), panel(5, 6)], new Map());
    expect(sections.map(({ key, placed }) => [key, placed.map((one) => one.panel.id)])).toEqual([
      ["1", [2]],
      ["after 1", [3]],
      ["4", [5]],
    ]);
  });

  it("without any inside have those below them", () => {
    const row = panel(1, 0, { type: "row", collapsed: true, panels: [] });
    expect(layOut([row, panel(3, 1)], new Map()).map(({ placed }) => placed.length)).toEqual([1]);
  });
});

describe("times that become texts", () => {
  it("have the form that is asked for", () => {
    const at = new Date(2026, 10, 23, 8, 5).getTime();
    const conversion = { targetField: "Time", destinationType: "string", dateFormat: "MM-DD HH:mm" };
    const made = run("convertFieldType", [frame([field("Time", [at]), field("a", [1])])], {
      conversions: [conversion],
    });
    expect(columns(made)).toEqual([{ Time: ["11-23 08:05"], a: [1] }]);
  });
});
