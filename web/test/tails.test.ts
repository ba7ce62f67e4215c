import { describe, expect, test } from "vitest";
import type { AnswerFrame, PanelAnswer } from "../src/dashboard/client";
import { continued, continues, Tails, type Moment } from "../src/dashboard/tails";

const MEAN = 'SELECT mean("v") FROM "m" WHERE $timeFilter GROUP BY time($__interval), "host" fill(none)';

const frame = (name: string, points: readonly (readonly [number, number])[]): AnswerFrame => ({
  name,
  labels: { host: name },
  fields: [
    { name: "Time", type: "time", values: points.map(([at]) => at) },
    { name: "mean", type: "number", values: points.map(([, value]) => value) },
  ],
});
const answer = (...frames: AnswerFrame[]): PanelAnswer => ({ id: "1/A", frames });
const moment = (more: Partial<Moment> = {}): Moment => ({
  ...{ id: "1/A", query: MEAN, shape: "mean", bucket: "b", fromMs: 0, toMs: 100_000, intervalMs: 10_000 },
  ...more,
});

describe("which answers can be continued", () => {
  test.each([
    MEAN,
    "select max(a) - min(a), last(b) from m where $timeFilter and host = 'x' group by time($__interval)",
    'SELECT count("v") FROM /^cpu.*/ WHERE $timeFilter GROUP BY time($__interval) fill(null)',
  ])("%s", (query) => expect(continues(query)).toBe(true));

  test.each([
    MEAN.replace("mean", "derivative"),
    MEAN.replace('mean("v")', 'non_negative_derivative(mean("v"), 1s)'),
    MEAN.replace("none", "previous"),
    MEAN.replace("none", "0"),
    MEAN.replace('"m"', '"other".."m"'),
    MEAN.replace('"m"', '(SELECT v FROM "m")'),
    MEAN.replace("$__interval", "1m"),
    `${MEAN} LIMIT 5`,
    `${MEAN} tz('Europe/Berlin')`,
    `${MEAN}; ${MEAN}`,
    'SELECT "v" FROM "m" WHERE $timeFilter',
    'SELECT mean("v") FROM "m" GROUP BY time($__interval)',
  ])("not %s", (query) => expect(continues(query)).toBe(false));
});

describe("a continued answer", () => {
  test("keeps what is shown still, and has the newest intervals anew", () => {
    const old = frame("a", [
      [0, 1],
      [10, 2],
      [20, 3],
    ]);
    const tail = frame("a", [
      [20, 4],
      [30, 5],
    ]);
    const whole = frame("a", [
      [10, 2],
      [20, 4],
      [30, 5],
    ]);
    expect(continued([old], [tail], 10, 20)).toEqual([whole]);
  });

  test("keeps a series that has nothing new, without what is too old", () => {
    const [a, b] = [frame("a", [[0, 1]]), frame("b", [[10, 2]])];
    expect(continued([a, b], [], 5, 20)).toEqual([frame("a", []), b]);
  });

  test("is none where a series is new, or a frame has more than one value", () => {
    const wide = { ...frame("a", []), fields: [...frame("a", []).fields, ...frame("a", []).fields] };
    expect(continued([frame("a", [])], [frame("b", [])], 0, 0)).toBeNull();
    expect(continued([wide], [wide], 0, 0)).toBeNull();
  });
});

describe("what is asked for", () => {
  const began = (more: Partial<Moment> = {}): Tails => {
    const tails = new Tails("b");
    tails.begin(95_000);
    expect(tails.from(moment(more))).toBe(0);
    tails.end([answer(frame("a", [[80_000, 1]]))]);
    return tails;
  };

  test("first all, then from the interval before the one that the hub may have answered for", () => {
    const tails = began();
    tails.begin(97_000);
    expect(tails.from(moment())).toBe(70_000);
    expect(tails.end([answer(frame("a", [[80_000, 2]]))])).toEqual([answer(frame("a", [[80_000, 2]]))]);
  });

  test("earlier where the range ended before now, or points came late", () => {
    const early = began({ toMs: 60_000 });
    early.begin(97_000);
    expect(early.from(moment({ toMs: 62_000 }))).toBe(50_000);
    const late = began();
    late.touch(96_000, 33_000);
    late.begin(97_000);
    expect(late.from(moment())).toBe(30_000);
  });

  test("late points are asked for again while the hub may answer from its memory, and after a failed round", () => {
    const tails = began();
    tails.touch(96_000, 33_000);
    for (const nowMs of [97_000, 98_000]) {
      tails.begin(nowMs);
      expect(tails.from(moment())).toBe(30_000);
    }
    tails.end([answer(frame("a", []))]);
    tails.begin(99_000);
    expect(tails.from(moment())).toBe(30_000);
    tails.end([answer(frame("a", []))]);
    tails.begin(110_000);
    expect(tails.from(moment())).toBe(30_000);
    tails.end([answer(frame("a", []))]);
    tails.begin(111_000);
    expect(tails.from(moment())).toBe(90_000);
  });

  test.each<[string, Partial<Moment>]>([
    ["another text", { shape: "max" }],
    ["another interval", { intervalMs: 5_000 }],
    ["an earlier beginning", { fromMs: -10_000 }],
    ["another bucket", { bucket: "c" }],
    ["long intervals", { intervalMs: 120_000 }],
  ])("all again for %s", (_, more) => {
    const tails = began();
    tails.begin(97_000);
    expect(tails.from(moment(more))).toBe(more.fromMs ?? 0);
  });

  test("all again after a minute, after an interruption, and where a series is new", () => {
    const old = began();
    old.begin(155_000);
    expect(old.from(moment())).toBe(0);
    const away = began();
    away.clear();
    away.begin(97_000);
    expect(away.from(moment())).toBe(0);
    const other = began();
    other.begin(97_000);
    other.from(moment());
    expect(other.end([answer(frame("b", [[90_000, 1]]))])).toEqual([answer(frame("a", [[80_000, 1]]))]);
    other.begin(98_000);
    expect(other.from(moment())).toBe(0);
  });
});
