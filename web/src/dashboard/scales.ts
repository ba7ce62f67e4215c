/** The ways in which numbers are scaled: prefixes, lengths of time, currencies. */
export interface Formatted {
  readonly prefix: string;
  readonly text: string;
  readonly suffix: string;
}

export type Decimals = number | null | undefined;
export type Formatter = (value: number, decimals: Decimals, utc: boolean) => Formatted;

export const plain = (text: string, suffix = "", prefix = ""): Formatted => ({ prefix, text, suffix });

/** How many digits behind the point show about three figures of a number. */
function usualDecimals(value: number): number {
  if (value % 1 === 0 || !Number.isFinite(value)) return 0;
  return Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
}

/** A number with this many digits behind the point, or with as many as show three figures. */
export function fixedText(value: number, decimals: Decimals): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "-∞";
  const digits = Math.min(20, Math.max(0, decimals ?? usualDecimals(value)));
  if (Math.abs(value) >= 1e21) return String(value);
  const factor = 10 ** digits;
  // Away from zero and without the half-to-even that toFixed inherits from binary: 1.005 stays 1.01.
  const rounded = digits < 10 ? Math.round(value * factor) / factor : value;
  return rounded === 0 ? (0).toFixed(digits) : rounded.toFixed(digits);
}

export function unit(symbol: string): Formatter {
  return (value, decimals) => plain(fixedText(value, decimals), symbol === "" ? "" : ` ${symbol}`);
}

export function close(symbol: string): Formatter {
  return (value, decimals) => plain(fixedText(value, decimals), symbol);
}

/** The largest step of a ladder that a value reaches; `offset` is where the value's own unit stands. */
export function ladder(factor: number, steps: readonly string[], offset = 0): Formatter {
  return (value, decimals) => {
    const size = Math.abs(value);
    if (size === 0 || !Number.isFinite(value)) return plain(fixedText(value, decimals), steps[offset] ?? "");
    const wanted = Math.floor(Math.log(size) / Math.log(factor) + 1e-12);
    const step = Math.min(Math.max(wanted, -offset), steps.length - offset - 1);
    return plain(fixedText(value / factor ** step, decimals), steps[offset + step] ?? "");
  };
}

export const SI = ["f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E", "Z", "Y"];
const IEC = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
export const SI_ONE = 5;

/** Decimal prefixes; `offset` 1 stands for values that are given in thousands. */
export function si(symbol: string, offset = 0): Formatter {
  return ladder(
    1000,
    SI.map((prefix) => ` ${prefix}${symbol}`),
    SI_ONE + offset,
  );
}

export function iec(symbol: string, offset = 0): Formatter {
  return ladder(
    1024,
    IEC.map((prefix) => ` ${prefix}${symbol}`),
    offset,
  );
}

export function currency(symbol: string, behind = false): Formatter {
  const scale = ladder(1000, ["", "K", "M", "B", "T"]);
  return (value, decimals) => {
    const { text, suffix } = scale(value, decimals, false);
    return behind ? plain(text, suffix + symbol) : plain(text, suffix, symbol);
  };
}

export function count(symbol: string): Formatter {
  return ladder(
    1000,
    ["", "K", "M", "B", "T"].map((step) => `${step} ${symbol}`),
  );
}

/** Lengths of time: each step is the size from which the next unit is used. */
export function time(steps: readonly (readonly [below: number, divisor: number, name: string])[]): Formatter {
  return (value, decimals) => {
    const size = Math.abs(value);
    const [, divisor, name] = steps.find(([below]) => size < below) ?? steps[steps.length - 1] ?? [0, 1, ""];
    return plain(fixedText(value / divisor, decimals), ` ${name}`);
  };
}
