import { describe, expect, it } from "vitest";
import { answerTo, type Gateway, ruleLines, rulesOf, ruleText } from "../src/gateways/client";

const gateway = (online: boolean, answersMs: number, error: string | null = null): Gateway => ({
  id: "barn",
  state: "enrolled",
  online,
  seen_ms: 1,
  report: {
    time_ms: 1,
    version: "1",
    sent: 0,
    waiting: 0,
    missed: 0,
    warnings: [],
    rules: { from: "hub", count: 0, answers_ms: answersMs, error },
  },
});

describe("what a gateway sends less of", () => {
  it("is told in words", () => {
    expect(
      ruleText({ measurement: "cpu*", fields: ["a", "b"], window: "1m", send: ["mean", "max"] }),
    ).toEqual({
      what: "cpu*: a, b",
      how: "mean, max of each 1m",
    });
    expect(ruleText({ window: "10s" })).toEqual({ what: "*", how: "mean of each 10s" });
    expect(ruleText({ measurement: "room", dead_band: 0.2, at_least_every: "10m" })).toEqual({
      what: "room",
      how: "changes of more than 0.2, and every 10m",
    });
    expect(ruleText({ measurement: "debug", drop: true })).toEqual({ what: "debug", how: "not sent" });
  });
  it("is told in words whatever a gateway says", () => {
    expect(ruleText({ measurement: 1, fields: { a: 2 }, dead_band: null }).how).toBe(
      "changes of more than null",
    );
  });
  it("is written a rule a line, and read again", () => {
    const thin = [{ measurement: "a", drop: true }, { dead_band: 2 }];
    expect(ruleLines(thin).split("\n")).toHaveLength(4);
    expect(rulesOf(ruleLines(thin))).toEqual({ thin });
    expect(rulesOf(ruleLines([]))).toEqual({ thin: [] });
  });
  it("is read as a list of rules", () => {
    expect(rulesOf('[{"drop": true}]')).toEqual({ thin: [{ drop: true }] });
    expect(rulesOf("[]")).toEqual({ thin: [] });
    for (const wrong of ['{"drop": true}', "[1]", "[null]", "[[]]"])
      expect(rulesOf(wrong)).toHaveProperty("problem", expect.stringContaining("A list of rules"));
    expect(rulesOf("[{")).toHaveProperty("problem", expect.stringContaining("no JSON"));
  });
});

describe("what became of rules that were set", () => {
  it("is known by the gateway's answer", () => {
    expect(answerTo(null, gateway(true, 9))).toBe("none");
    expect(answerTo(5, gateway(true, 4))).toBe("pending");
    expect(answerTo(5, gateway(false, 4))).toBe("away");
    expect(answerTo(5, gateway(true, 5))).toBe("taken");
    expect(answerTo(5, gateway(true, 5, "no"))).toBe("refused");
    expect(answerTo(5, { ...gateway(true, 5), report: null })).toBe("pending");
  });
});
