/** Names of series: alias patterns (`$tag_host $col`), and the name a series has without one. */
import type { Labels } from "./panel";

export interface Named {
  readonly measurement: string;
  readonly column: string;
  readonly labels: Labels;
}

/** Fills a pattern of Grafana's InfluxQL alias; what a series does not have stays as it stands. */
export function fillAlias(pattern: string, series: Named): string {
  const parts = series.measurement.split(".");
  return pattern.replace(
    /\$(\w+)|\[\[([\s\S]+?)\]\]/g,
    (match, bare: string | undefined, wrapped: string | undefined) => {
      const name = bare ?? wrapped ?? "";
      if (name === "m" || name === "measurement") return series.measurement;
      if (name === "col") return series.column;
      if (/^\d+$/.test(name)) return parts[Number(name)] ?? match;
      if (!name.startsWith("tag_")) return match;
      const tag = name.slice(4);
      return Object.hasOwn(series.labels, tag) ? (series.labels[tag] ?? "") : match;
    },
  );
}

/** `cpu.mean {host: pi, cpu: cpu0}`: the name without an alias. */
export function plainName(series: Named): string {
  const tags = Object.entries(series.labels).map(([name, value]) => `${name}: ${value}`);
  return `${series.measurement}.${series.column}${tags.length > 0 ? ` {${tags.join(", ")}}` : ""}`;
}
