import { describe, expect, it } from "vitest";
import { regionsIn } from "../src/dashboard/regions";

const at = (text: string): number => Date.parse(`2026-11-${text}Z`);
// A Sunday to a Tuesday.
const window = { fromMs: at("22T00:00"), toMs: at("24T12:00") };
const spans = (region: object): string[] =>
  regionsIn([region], window).map(
    ({ fromMs, toMs }) =>
      `${new Date(fromMs).toISOString().slice(8, 16)} ${new Date(toMs).toISOString().slice(8, 16)}`,
  );

describe("marked times", () => {
  it("of the night reach over midnight, from the day before too", () => {
    expect(spans({ from: "22:00", to: "06:00" })).toEqual([
      "21T22:00 22T06:00",
      "22T22:00 23T06:00",
      "23T22:00 24T06:00",
    ]);
  });

  it("of the week begin on their day", () => {
    expect(spans({ fromDayOfWeek: 1, from: "08:00", toDayOfWeek: 1, to: "17:00" })).toEqual([
      "23T08:00 23T17:00",
    ]);
    expect(spans({ fromDayOfWeek: 6, toDayOfWeek: 7 })).toEqual(["21T00:00 23T00:00"]);
    expect(spans({ fromDayOfWeek: 5, from: "18:00", toDayOfWeek: 1, to: "06:00" })).toEqual([
      "20T18:00 23T06:00",
    ]);
  });

  it("have the colours that are asked for", () => {
    const [one] = regionsIn([{ from: "01:00", to: "02:00", colorMode: "red", line: true }], window);
    expect([one?.fill, one?.line]).toEqual(["rgba(234, 112, 112, 0.12)", "rgba(237, 46, 24, 0.6)"]);
    const [own] = regionsIn([{ from: "01:00", colorMode: "custom", fillColor: "#123456" }], window);
    expect([own?.fill, own?.line]).toEqual(["#123456", ""]);
    expect(regionsIn([{ fill: false }], window)[0]?.fill).toBe("");
    expect(regionsIn("nonsense", window)).toEqual([]);
  });
});
