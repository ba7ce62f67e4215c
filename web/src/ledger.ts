/** The way of batches in numbers: produced, acknowledged, visible, stored; each step against the one before. */
import type { Ledger, LedgerLine } from "./api";
import { formatCount } from "./format";

export interface Step {
  readonly name: string;
  readonly batches: number;
  /** `whole` when nothing is lost from the step before; `hot` when the rest is on its way. */
  readonly state: "whole" | "hot" | "missing" | "refused";
  readonly detail: string;
}

function sum(lines: readonly LedgerLine[], of: (line: LedgerLine) => number): number {
  return lines.reduce((total, line) => total + of(line), 0);
}

/** The steps of some lines together. Batches without numbers were produced as far as they came. */
export function flow(lines: readonly LedgerLine[]): Step[] {
  const produced = sum(lines, (line) => line.produced ?? line.acknowledged + line.qos0);
  const acknowledged = sum(lines, (line) => line.acknowledged);
  const qos0 = sum(lines, (line) => line.qos0);
  const visible = sum(lines, (line) => line.visible);
  const stored = sum(lines, (line) => line.stored);
  const missing = sum(lines, (line) => line.missing);
  const refused = sum(lines, (line) => line.refused);
  const inStream = sum(lines, (line) => line.in_stream);
  return [
    { name: "Produced", batches: produced, state: "whole", detail: "" },
    {
      name: "Acknowledged",
      batches: acknowledged,
      state: missing > 0 ? "missing" : "whole",
      detail:
        [
          missing > 0 ? `${formatCount(missing)} missing` : "",
          qos0 > 0 ? `${formatCount(qos0)} with QoS 0` : "",
        ]
          .filter((part) => part !== "")
          .join(", ") || `${formatCount(inStream)} in the stream now`,
    },
    {
      name: "Visible",
      batches: visible,
      state: refused > 0 ? "refused" : "whole",
      detail: refused > 0 ? `${formatCount(refused)} refused` : "",
    },
    {
      name: "Stored",
      batches: stored,
      state: stored < visible ? "hot" : "whole",
      detail: stored < visible ? `${formatCount(visible - stored)} in memory and stream` : "",
    },
  ];
}

const URGENCY = { missing: 0, refused: 1, hot: 2, whole: 2 } as const;

/** The lines to show, what is wrong first, and how many there are beyond those. */
export function shownLines(
  lines: readonly LedgerLine[],
  most: number,
): { shown: LedgerLine[]; more: number } {
  const sorted = [...lines].sort((a, b) => URGENCY[a.state] - URGENCY[b.state]);
  return { shown: sorted.slice(0, most), more: Math.max(0, lines.length - most) };
}

/** Every line, and how many messages no line has yet. */
export function linesOf(ledger: Ledger): { lines: LedgerLine[]; waiting: number } {
  const waiting = ledger.streams.reduce(
    (total, stream) => total + Math.max(0, stream.acknowledged_seq - stream.visible_seq),
    0,
  );
  return { lines: [...ledger.devices, ...ledger.rest, ...ledger.buckets], waiting };
}
