import { describe, expect, it } from "vitest";
import type { LedgerLine } from "../src/api";
import { flow, linesOf, shownLines } from "../src/ledger";

const line: LedgerLine = {
  name: "pi",
  produced: 10,
  acknowledged: 10,
  in_stream: 10,
  visible: 10,
  stored: 10,
  missing: 0,
  repeats: 0,
  refused: 0,
  quarantined: 0,
  qos0: 0,
  points: 100,
  boots: 1,
  last_ms: 0,
  state: "whole",
};
const states = (...lines: LedgerLine[]) => flow(lines).map((step) => [step.batches, step.state]);

describe("the flow", () => {
  it("is whole when every step has what the one before had", () => {
    expect(states(line)).toEqual([10, 10, 10, 10].map((batches) => [batches, "whole"]));
    expect(flow([line])[1]?.detail).toBe("10 in the stream now");
  });

  it("tells what is missing, refused and not stored yet where it happens", () => {
    const other = { ...line, produced: 12, missing: 2, visible: 9, refused: 1, stored: 4 };
    expect(states(other)).toEqual([
      [12, "whole"],
      [10, "missing"],
      [9, "refused"],
      [4, "hot"],
    ]);
    expect(flow([other]).map((step) => step.detail)).toEqual([
      "",
      "2 missing",
      "1 refused",
      "5 in memory and stream",
    ]);
  });

  it("takes what has no numbers as far as it came, with what came with QoS 0", () => {
    const plain = { ...line, produced: null, acknowledged: 1, qos0: 2, visible: 3, stored: 3 };
    expect(states(plain, line)).toEqual([13, 11, 13, 13].map((batches) => [batches, "whole"]));
    expect(flow([plain])[1]?.detail).toBe("2 with QoS 0");
  });
});

describe("the lines", () => {
  it("are those of devices and buckets, and what was acknowledged and not read waits", () => {
    const streams = [
      { name: "LP", acknowledged_seq: 7, visible_seq: 4 },
      { name: "$MQTT_msgs", acknowledged_seq: 1, visible_seq: 2 },
    ];
    const found = linesOf({ devices: [line], buckets: [{ ...line, name: "lab" }], rest: [], streams });
    expect(found.lines.map((one) => one.name)).toEqual(["pi", "lab"]);
    expect(found.waiting).toBe(3);
  });
});

describe("a long ledger", () => {
  it("shows what is wrong first, and tells how much more there is", () => {
    const named = (name: string, state: LedgerLine["state"]) => ({ ...line, name, state });
    const lines = [named("a", "whole"), named("b", "hot"), named("c", "refused"), named("d", "missing")];
    const { shown, more } = shownLines(lines, 3);
    expect(shown.map((one) => one.name)).toEqual(["d", "c", "a"]);
    expect(more).toBe(1);
    expect(shownLines(lines, 4).more).toBe(0);
  });
});
