/** Units of measurement, and guessing them from the names people give to fields. */

/** How a number is scaled for reading: SI prefixes, binary prefixes, as it is, or as a length of time. */
export type Scaling = "si" | "iec" | "plain" | "time";

export interface Unit {
  readonly symbol: string;
  readonly scaling: Scaling;
  /** The axis begins at zero even when the values stay far from it. */
  readonly zero: boolean;
}

const unit = (symbol: string, scaling: Scaling, zero = false): Unit => ({ symbol, scaling, zero });

export const UNITS = {
  none: unit("", "si"),
  perSecond: unit("/s", "si", true),
  percent: unit("%", "plain", true),
  bytes: unit("B", "iec", true),
  byteRate: unit("B/s", "si", true),
  celsius: unit("°C", "plain"),
  fahrenheit: unit("°F", "plain"),
  seconds: unit("s", "time"),
  hertz: unit("Hz", "si"),
  volt: unit("V", "si"),
  ampere: unit("A", "si"),
  watt: unit("W", "si"),
  wattHour: unit("Wh", "si"),
  hectopascal: unit("hPa", "plain"),
  pascal: unit("Pa", "si"),
  lux: unit("lx", "plain"),
  metre: unit("m", "si"),
  ppm: unit("ppm", "plain"),
  decibel: unit("dB", "plain"),
  dbm: unit("dBm", "plain"),
  degree: unit("°", "plain"),
  rpm: unit("rpm", "plain"),
  load: unit("", "plain", true),
  count: unit("", "si", true),
} as const;

/** A unit, and what a stored value is multiplied by to be in it. */
export interface Guess {
  readonly unit: Unit;
  readonly factor: number;
}

const guess = (unit: Unit, factor = 1): Guess => ({ unit, factor });

// One word each, looked for from the end of a field's name to its beginning.
const WORDS: Readonly<Record<string, Guess>> = {
  percent: guess(UNITS.percent),
  pct: guess(UNITS.percent),
  perc: guess(UNITS.percent),
  humidity: guess(UNITS.percent),
  hum: guess(UNITS.percent),
  rh: guess(UNITS.percent),
  moisture: guess(UNITS.percent),
  bytes: guess(UNITS.bytes),
  kib: guess(UNITS.bytes, 1024),
  mib: guess(UNITS.bytes, 1024 ** 2),
  kb: guess(UNITS.bytes, 1000),
  mb: guess(UNITS.bytes, 1e6),
  celsius: guess(UNITS.celsius),
  temperature: guess(UNITS.celsius),
  temp: guess(UNITS.celsius),
  dewpoint: guess(UNITS.celsius),
  fahrenheit: guess(UNITS.fahrenheit),
  ns: guess(UNITS.seconds, 1e-9),
  us: guess(UNITS.seconds, 1e-6),
  ms: guess(UNITS.seconds, 1e-3),
  s: guess(UNITS.seconds),
  sec: guess(UNITS.seconds),
  seconds: guess(UNITS.seconds),
  uptime: guess(UNITS.seconds),
  hz: guess(UNITS.hertz),
  khz: guess(UNITS.hertz, 1e3),
  mhz: guess(UNITS.hertz, 1e6),
  frequency: guess(UNITS.hertz),
  volt: guess(UNITS.volt),
  volts: guess(UNITS.volt),
  voltage: guess(UNITS.volt),
  mv: guess(UNITS.volt, 1e-3),
  current: guess(UNITS.ampere),
  ampere: guess(UNITS.ampere),
  amps: guess(UNITS.ampere),
  ma: guess(UNITS.ampere, 1e-3),
  power: guess(UNITS.watt),
  watt: guess(UNITS.watt),
  watts: guess(UNITS.watt),
  kw: guess(UNITS.watt, 1e3),
  mw: guess(UNITS.watt, 1e-3),
  wh: guess(UNITS.wattHour),
  kwh: guess(UNITS.wattHour, 1e3),
  pressure: guess(UNITS.hectopascal),
  hpa: guess(UNITS.hectopascal),
  pa: guess(UNITS.pascal),
  lux: guess(UNITS.lux),
  illuminance: guess(UNITS.lux),
  distance: guess(UNITS.metre),
  altitude: guess(UNITS.metre),
  mm: guess(UNITS.metre, 1e-3),
  cm: guess(UNITS.metre, 1e-2),
  ppm: guess(UNITS.ppm),
  co2: guess(UNITS.ppm),
  rssi: guess(UNITS.dbm),
  dbm: guess(UNITS.dbm),
  db: guess(UNITS.decibel),
  snr: guess(UNITS.decibel),
  angle: guess(UNITS.degree),
  degrees: guess(UNITS.degree),
  rpm: guess(UNITS.rpm),
};

// Words that say nothing by themselves: the measurement's name may say more.
const GENERIC = new Set(["value", "val", "reading", "state", "mean", "avg", "last", "min", "max"]);

/** The words of a name in small letters: `usedPercent`, `used_percent` and `used-percent` are alike. */
export function words(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
}

function guessFromWords(parts: readonly string[]): Guess | undefined {
  for (let i = parts.length - 1; i >= 0; i -= 1) {
    const found = WORDS[parts[i] ?? ""];
    // A lone letter counts only at the end: `delay_s` is seconds, `s_level` is not.
    if (found !== undefined && ((parts[i] ?? "").length > 1 || (i === parts.length - 1 && i > 0)))
      return found;
  }
  return undefined;
}

/** The unit a field most likely has, from its own name or, for `value` and the like, its measurement's. */
export function guessUnit(measurement: string, field: string): Guess {
  const own = words(field);
  const found = guessFromWords(own);
  if (found !== undefined) return found;
  if (own.every((word) => GENERIC.has(word))) {
    const outer = guessFromWords(words(measurement));
    if (outer !== undefined) return outer;
  }
  return guess(UNITS.none);
}

const COUNTED = new Set(["bytes", "packets", "errors", "errs", "drops", "drop", "requests", "interrupts"]);
const DIRECTIONS = new Set(["recv", "sent", "in", "out", "rx", "tx", "read", "write", "received"]);

/** Whether a field's name says that it only ever grows, so that its rate is what one wants to see. */
export function isCounter(field: string): boolean {
  const parts = words(field);
  const unitOfTotal = guessFromWords(parts)?.unit;
  if (parts.at(-1) === "total") return unitOfTotal === undefined || unitOfTotal === UNITS.bytes;
  if (parts.at(-1) === "counter") return true;
  return parts.some((word) => COUNTED.has(word)) && parts.some((word) => DIRECTIONS.has(word));
}
