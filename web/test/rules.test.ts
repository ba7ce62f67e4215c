import { describe, expect, it } from "vitest";
import { parseAddress, formatAddress } from "../src/address";
import { marksFor, marksOf } from "../src/marks";
import { wantedAlerts } from "../src/dashboard/listed";
import { type RuleAlert, ruleOf, type Silence, tagText } from "../src/rules/client";
import { onceAt, timesOf, weeklyAt } from "../src/rules/silenceTimes";

const alert = (rule: string, state: "pending" | "firing"): RuleAlert => ({
  rule,
  state,
  severity: "warning",
  bucket: "telegraf",
  tags: { host: "pi" },
  since_ms: 1,
  value: 1,
  text: rule,
  acknowledged: null,
  silenced: false,
});

describe("rules", () => {
  it("have an address", () => {
    expect(parseAddress("#/rules").place).toEqual({ name: "rules" });
    expect(formatAddress(parseAddress("#/rules")).startsWith("#/rules?")).toBe(true);
  });

  it("are read from the text of the editor", () => {
    expect(ruleOf('{"name": "a"}')).toEqual({ rule: { name: "a" } });
    expect(ruleOf("[1]")).toEqual({ problem: "A rule is an object in braces." });
    expect(ruleOf("{").hasOwnProperty("problem")).toBe(true);
  });

  it("are silent at the times that a form has", () => {
    expect(onceAt("", "8h", true)).toEqual({ for: "8h" });
    expect(onceAt("2026-12-24T18:00", "8h", true)).toEqual({ for: "8h", start_ms: 1_798_135_200_000 });
    const weekly = weeklyAt(["sun", "mon"], "22:00", "06:00", "Europe/Berlin");
    expect(weekly).toEqual({ every: "mon,sun 22:00-06:00", zone: "Europe/Berlin" });
  });

  it("tell when they are silent", () => {
    const silence: Silence = {
      id: 1, rule: "*", start_ms: 5, end_ms: 9, note: "", every: "", zone: "", holds: true,
    }; // prettier-ignore
    const told = (some: Partial<Silence>) => timesOf({ ...silence, ...some }, 5, String);
    expect(told({})).toBe("until 9");
    expect(told({ start_ms: 6 })).toBe("from 6 until 9");
    expect(told({ every: "sun 02:00-04:00", end_ms: null })).toBe(
      "every sun 02:00-04:00 (clock of the hub) until it is ended",
    );
    expect(told({ every: "day 02:00-04:00", zone: "UTC" })).toContain("(clock of UTC) until 9");
  });

  it("are listed in a panel as its options say", () => {
    const all = [alert("hot", "firing"), alert("cold", "pending"), alert("hotter", "pending")];
    const names = (options: Record<string, unknown>): string[] =>
      wantedAlerts(all, options).map((one) => one.rule);
    expect(names({})).toEqual(["hot", "cold", "hotter"]);
    expect(names({ alertName: "HOT" })).toEqual(["hot", "hotter"]);
    expect(names({ stateFilter: { pending: false } })).toEqual(["hot"]);
    expect(names({ maxItems: 1 })).toEqual(["hot"]);
  });
});

describe("the marks of a chart", () => {
  const all = marksOf({
    history: [
      { time_ms: 3, state: "resolved", tags: { host: "a" }, text: "x" },
      { time_ms: 2, state: "firing", tags: { host: "b" }, text: "y" },
      { time_ms: 1, state: "firing", tags: {}, text: "z" },
    ],
  });

  it("are those of its device, and those of no device", () => {
    expect(marksFor(all, "a").map((one) => one.timeMs)).toEqual([3, 1]);
    expect(marksFor(all, null)).toHaveLength(3);
  });

  it("tell their tags", () => {
    expect(tagText({ host: "a", room: "b" })).toBe("host=a room=b");
  });
});
