/** Numbers and times as people read them. */
import type { Unit } from "./units";

const SI = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
  [1, ""],
  [1e-3, "m"],
  [1e-6, "µ"],
  [1e-9, "n"],
] as const;
const IEC = [
  [1024 ** 4, "Ti"],
  [1024 ** 3, "Gi"],
  [1024 ** 2, "Mi"],
  [1024, "Ki"],
  [1, ""],
] as const;
const TIME = [
  [86400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
  [1e-3, "ms"],
  [1e-6, "µs"],
  [1e-9, "ns"],
] as const;

const GAP = "\u00a0";

/** What a value is divided by, and the unit's name after that. */
export interface Prefixed {
  readonly divisor: number;
  readonly symbol: string;
}

function firstNotAbove(
  steps: readonly (readonly [number, string])[],
  size: number,
): readonly [number, string] {
  // The factor keeps 999.95 from being shown as 1000.0 of the smaller prefix.
  return steps.find(([step]) => size >= step * 0.9995) ?? steps[steps.length - 1] ?? [1, ""];
}

/** The prefix that suits values of this size, one for a whole axis or for a single number. */
export function prefixFor(size: number, unit: Unit): Prefixed {
  const magnitude = Math.abs(size);
  if (unit.scaling === "plain" || magnitude === 0 || !Number.isFinite(magnitude)) {
    return { divisor: 1, symbol: unit.symbol };
  }
  if (unit.scaling === "time") {
    const [divisor, symbol] = firstNotAbove(TIME, magnitude);
    return { divisor, symbol };
  }
  if (unit.scaling === "iec") {
    const [divisor, prefix] = firstNotAbove(IEC, magnitude);
    return { divisor, symbol: prefix + unit.symbol };
  }
  // Counts and rates of things have no milli: 0.25 is easier to read than 250 m.
  const noSmall = unit.symbol === "" || unit.symbol.startsWith("/") || unit.symbol.startsWith("B");
  if (noSmall && magnitude < 1) return { divisor: 1, symbol: unit.symbol };
  // Four-digit counts stay as they are.
  if (unit.symbol === "" && magnitude < 10000) return { divisor: 1, symbol: "" };
  const [divisor, prefix] = firstNotAbove(SI, magnitude);
  return { divisor, symbol: prefix + unit.symbol };
}

function digitsFor(size: number): number {
  if (size >= 100) return 0;
  if (size >= 10) return 1;
  if (size >= 0.0995 || size === 0) return 2;
  return 3;
}

const MINUS = "\u2212";

function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return text.startsWith("-") ? (Number(text) === 0 ? text.slice(1) : MINUS + text.slice(1)) : text;
}

/** A value with its unit in about three figures, an em dash when there is none. */
export function formatValue(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "—";
  const { divisor, symbol } = prefixFor(value, unit);
  const scaled = value / divisor;
  const whole = Number.isInteger(scaled) && divisor === 1 && unit.scaling !== "plain";
  const digits = whole
    ? 0
    : unit.symbol === "%"
      ? Math.min(1, digitsFor(Math.abs(scaled)))
      : digitsFor(Math.abs(scaled));
  const number = fixed(scaled, digits);
  return symbol === "" ? number : number + (symbol.startsWith("/") ? "" : GAP) + symbol;
}

/** Labels for the ticks of one axis: one prefix for all, as many digits as the step needs. */
export function formatTicks(ticks: readonly number[], unit: Unit): string[] {
  const size = Math.max(0, ...ticks.map(Math.abs));
  const { divisor, symbol } = prefixFor(size, unit);
  const step = ticks.length > 1 ? Math.abs((ticks[1] ?? 0) - (ticks[0] ?? 0)) / divisor : size / divisor;
  const digits = stepDigits(step);
  const tail = symbol === "" ? "" : (symbol.startsWith("/") ? "" : GAP) + symbol;
  return ticks.map((tick) => fixed(tick / divisor, digits) + tail);
}

function stepDigits(step: number): number {
  for (let digits = 0; digits < 4; digits += 1) {
    const scaled = step * 10 ** digits;
    if (scaled >= 0.999 && Math.abs(scaled - Math.round(scaled)) < 0.01) return digits;
  }
  return 4;
}

/** A whole number with thin groups of three. */
export function formatCount(value: number): string {
  const text = Math.round(value).toString();
  return text.length > 4 ? text.replace(/\B(?=(\d{3})+$)/g, "\u202f") : text;
}

/** A length of time in its two largest units: `3 d 4 h`, `12 s`. */
export function formatSpan(spanMs: number): string {
  const seconds = Math.max(0, Math.round(spanMs / 1000));
  if (seconds < 60) return `${seconds}${GAP}s`;
  const parts: [number, string][] = [
    [Math.floor(seconds / 86400), "d"],
    [Math.floor((seconds % 86400) / 3600), "h"],
    [Math.floor((seconds % 3600) / 60), "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, name]) => `${count}${GAP}${name}`)
    .join(" ");
}

/** How long ago, coarse: `now` below three seconds. */
export function formatAgo(agoMs: number): string {
  if (agoMs < 3000) return "now";
  const seconds = Math.floor(agoMs / 1000);
  if (seconds < 120) return `${seconds}${GAP}s ago`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}${GAP}min ago`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)}${GAP}h ago`;
  return `${Math.floor(seconds / 86400)}${GAP}d ago`;
}
