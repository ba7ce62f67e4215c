/** A chart of the page as a panel of a dashboard: the same queries in the builder's form, the unit in Grafana's words. */
import type { Chart, Part } from "../chart";
import type { Addition } from "../dashboard/edit/add";
import { UNITS, type Unit } from "../units";

const GRAFANA_UNITS = new Map<Unit, string>([
  [UNITS.perSecond, "cps"],
  [UNITS.percent, "percent"],
  [UNITS.bytes, "bytes"],
  [UNITS.byteRate, "Bps"],
  [UNITS.celsius, "celsius"],
  [UNITS.fahrenheit, "fahrenheit"],
  [UNITS.seconds, "s"],
  [UNITS.hertz, "hertz"],
  [UNITS.volt, "volt"],
  [UNITS.ampere, "amp"],
  [UNITS.watt, "watt"],
  [UNITS.wattHour, "watth"],
  [UNITS.hectopascal, "pressurehpa"],
  [UNITS.pascal, "pressurepa"],
  [UNITS.lux, "lux"],
  [UNITS.metre, "lengthm"],
  [UNITS.ppm, "ppm"],
  [UNITS.decibel, "dB"],
  [UNITS.dbm, "dBm"],
  [UNITS.degree, "degree"],
  [UNITS.rpm, "rotrpm"],
  [UNITS.count, "short"],
]);

function mathOf(part: Part): Record<string, string> {
  return Object.fromEntries(
    part.fields.flatMap((field) => {
      const factor = part.factors[field] ?? part.factor;
      const shown = (factor === 1 ? "" : `* ${factor}`) + (part.offset === 0 ? "" : ` + ${part.offset}`);
      return shown === "" ? [] : [[field, shown.trim()]];
    }),
  );
}

/** What `addToDashboard` is given for a chart. */
export function additionOf(chart: Chart): Addition {
  const unit = GRAFANA_UNITS.get(chart.unit);
  return {
    title: chart.title,
    ...(unit === undefined ? {} : { unit }),
    ...(chart.kind === "values" ? { type: "stat" } : {}),
    query: chart.parts.map((part) => ({
      measurement: part.measurement,
      fields: part.fields,
      fn: part.fn,
      rate: part.rate,
      groupBy: part.groupBy,
      where: part.where,
      math: mathOf(part),
      ...(part.groupBy.length === 0
        ? {}
        : {
            alias:
              part.groupBy.map((tag) => `$tag_${tag}`).join(" ") + (part.fields.length > 1 ? " $col" : ""),
          }),
    })),
  };
}
