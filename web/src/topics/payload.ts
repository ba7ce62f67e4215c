/** Payloads as people look at them: text, bytes, values by path, what changed, and commands that send them. */
import type { TopicMessage } from "./news";

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** The payload as text, null where it is none. */
export function textOf(message: TopicMessage): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: !message.cut }).decode(bytesOf(message.base64));
  } catch {
    return null;
  }
}

const ROW = 16;

/** Sixteen bytes a line: address, hexadecimal digits, and the letters among them. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += ROW) {
    const row = [...bytes.subarray(at, at + ROW)];
    const digits = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const letters = row.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${digits.padEnd(3 * ROW)} ${letters}`);
  }
  return lines.join("\n");
}

export type Leaf = readonly [path: string, value: unknown];

/** Every single value with its path, as `metrics[0].value`, at most `most` of them. */
export function leavesOf(value: unknown, most = 2000): Leaf[] {
  const found: Leaf[] = [];
  const visit = (part: unknown, path: string): void => {
    if (found.length >= most) return;
    if (Array.isArray(part) && part.length > 0) {
      part.forEach((below, at) => visit(below, `${path}[${at}]`));
    } else if (typeof part === "object" && part !== null && Object.keys(part).length > 0) {
      for (const [key, below] of Object.entries(part)) visit(below, path === "" ? key : `${path}.${key}`);
    } else found.push([path, part]);
  };
  visit(value, "");
  return found;
}

/** The number that a text or a truth value stands for, null for anything else. */
export function numberOf(value: unknown): number | null {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.trim() === "") return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** The paths of the numbers in a message, `""` for a payload that is a number itself. */
export function numericPaths(message: TopicMessage): string[] {
  return leavesOf(message.value)
    .filter(([, value]) => numberOf(value) !== null)
    .map(([path]) => path);
}

export interface Change {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

const shown = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** The values that a message has otherwise than the one before it. */
export function changesOf(before: TopicMessage, after: TopicMessage): Change[] {
  const old = new Map(leavesOf(before.value));
  const fresh = new Map(leavesOf(after.value));
  const changes: Change[] = [];
  for (const path of new Set([...old.keys(), ...fresh.keys()])) {
    const was = old.has(path) ? shown(old.get(path)) : null;
    const is = fresh.has(path) ? shown(fresh.get(path)) : null;
    if (was !== is) changes.push({ path, before: was, after: is });
  }
  return changes;
}

/** The values of one path by time, for a chart. */
export function seriesOf(messages: readonly TopicMessage[], path: string): [number[], (number | null)[]] {
  const old = [...messages].reverse();
  const values = old.map((message) => {
    const leaf = leavesOf(message.value).find(([name]) => name === path);
    return leaf === undefined ? null : numberOf(leaf[1]);
  });
  return [old.map((message) => message.time_ms / 1000), values];
}

/** A word as a POSIX shell reads it back, whatever stands in it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export interface Sent {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retained: boolean;
}

/** The command that publishes the same, by our own program or Mosquitto's. */
export function commandOf(program: "helio pub" | "mosquitto_pub", sent: Sent): string {
  const words = [program, "-t", quoted(sent.topic)];
  if (sent.payload === "") words.push("-n");
  else words.push("-m", quoted(sent.payload));
  if (sent.qos > 0) words.push("-q", String(sent.qos));
  if (sent.retained) words.push("-r");
  return words.join(" ");
}
