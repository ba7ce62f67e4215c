/** The units that are used most, by the names under which people look for them. */
import { formatUnit, unitIds } from "../format";
import type { Choice } from "./Combo";

const NAMES: Readonly<Record<string, string>> = {
  none: "Number as it is",
  short: "Number, shortened (K, Mil)",
  sishort: "Number, SI (k, M, G)",
  percent: "Percent (0–100)",
  percentunit: "Percent (0.0–1.0)",
  humidity: "Humidity (%H)",
  bytes: "Bytes, IEC (KiB, MiB)",
  decbytes: "Bytes, SI (kB, MB)",
  bits: "Bits, IEC",
  decbits: "Bits, SI",
  kbytes: "Kibibytes",
  mbytes: "Mebibytes",
  gbytes: "Gibibytes",
  Bps: "Bytes each second, SI",
  binBps: "Bytes each second, IEC",
  bps: "Bits each second, SI (network)",
  binbps: "Bits each second, IEC",
  pps: "Packets each second",
  s: "Seconds",
  ms: "Milliseconds",
  µs: "Microseconds",
  ns: "Nanoseconds",
  m: "Minutes",
  h: "Hours",
  d: "Days",
  dtdurations: "Duration from seconds (1 day, 2 hours)",
  dtdurationms: "Duration from milliseconds",
  dthms: "Hours, minutes, seconds (hh:mm:ss)",
  clocks: "Clock from seconds",
  dateTimeAsIso: "Date and time, ISO",
  dateTimeFromNow: "Date and time from now (5 minutes ago)",
  ops: "Operations each second",
  reqps: "Requests each second",
  rps: "Reads each second",
  wps: "Writes each second",
  iops: "Disk operations each second (IOPS)",
  cps: "Counts each second",
  mps: "Messages each second",
  hertz: "Hertz",
  rotrpm: "Revolutions each minute (rpm)",
  celsius: "Temperature, Celsius (°C)",
  fahrenheit: "Temperature, Fahrenheit (°F)",
  kelvin: "Temperature, Kelvin (K)",
  watt: "Power, watt (W)",
  kwatt: "Power, kilowatt (kW)",
  watth: "Energy, watt hours (Wh)",
  kwatth: "Energy, kilowatt hours (kWh)",
  joule: "Energy, joule (J)",
  amp: "Current, ampere (A)",
  mamp: "Current, milliampere (mA)",
  volt: "Voltage, volt (V)",
  mvolt: "Voltage, millivolt (mV)",
  voltamp: "Apparent power, volt-ampere (VA)",
  ohm: "Resistance, ohm (Ω)",
  dB: "Decibel (dB)",
  dBm: "Decibel-milliwatt (dBm, radio)",
  pressurehpa: "Pressure, hectopascal (hPa)",
  pressurembar: "Pressure, millibar (mbar)",
  pressurepa: "Pressure, pascal (Pa)",
  pressurebar: "Pressure, bar",
  lux: "Light, lux (lx)",
  lumens: "Light, lumen (lm)",
  ppm: "Concentration, parts per million (ppm)",
  conppb: "Concentration, parts per billion (ppb)",
  lengthm: "Length, metre (m)",
  lengthmm: "Length, millimetre (mm)",
  lengthkm: "Length, kilometre (km)",
  velocityms: "Speed, metres each second (m/s)",
  velocitykmh: "Speed, kilometres each hour (km/h)",
  masskg: "Mass, kilogram (kg)",
  massg: "Mass, gram (g)",
  litre: "Volume, litre (L)",
  flowlpm: "Flow, litres each minute (L/min)",
  degree: "Angle, degree (°)",
  currencyEUR: "Money, euro (€)",
  currencyUSD: "Money, dollar ($)",
  currencyGBP: "Money, pound (£)",
  bool_on_off: "On or off",
  bool_yes_no: "Yes or no",
  bool: "True or false",
  string: "Text",
};

const EXAMPLE = 1234.5;

function example(id: string): string {
  const { prefix, text, suffix } = formatUnit(EXAMPLE, id);
  return `${prefix}${text}${suffix}`;
}

/** All units as choices: those with a name of their own first, each with what it makes of 1234.5. */
export function unitChoices(): Choice[] {
  const rest = unitIds().filter((id) => !Object.hasOwn(NAMES, id));
  const named = Object.entries(NAMES).map(([value, text]) => ({ value, text, hint: example(value) }));
  return [...named, ...rest.map((value) => ({ value, hint: example(value) }))];
}

export const unitName = (id: string): string => (Object.hasOwn(NAMES, id) ? (NAMES[id] ?? id) : id);
