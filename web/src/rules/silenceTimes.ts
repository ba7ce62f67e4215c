/** The times of silences, in words and as the hub takes them. */
import type { AskedSilence, Silence } from "./client";

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** When a silence holds, as a person says it. */
export function timesOf(one: Silence, nowMs: number, day: (ms: number) => string): string {
  const words = [];
  if (one.every !== "") words.push(`every ${one.every} (clock of ${one.zone === "" ? "the hub" : one.zone})`);
  if (one.start_ms > nowMs) words.push(`from ${day(one.start_ms)}`);
  words.push(one.end_ms === null ? "until it is ended" : `until ${day(one.end_ms)}`);
  return words.join(" ");
}

/** A silence of some length; from now without a start. */
export function onceAt(start: string, length: string, isUtc: boolean): Partial<AskedSilence> {
  const startMs = Date.parse(isUtc ? `${start}Z` : start);
  return Number.isNaN(startMs) ? { for: length } : { for: length, start_ms: startMs };
}

/** A silence on some days of each week. */
export function weeklyAt(
  days: readonly string[],
  from: string,
  to: string,
  zone: string,
): Partial<AskedSilence> {
  const named = DAYS.filter((day) => days.includes(day)).join(",");
  return { every: `${named} ${from}-${to}`, zone };
}
