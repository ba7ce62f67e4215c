/** Grafana's macros for SQL: `$__timeFilter(time)`, `$__timeFrom`, `$__timeTo`, `$__dateBin(time)`. */
import type { QueryTimes } from "./interpolate";

const moment = (timeMs: number): string => `'${new Date(timeMs).toISOString()}'`;

/** Fills the macros in; before the variables, which share their names with some of them. */
export function fillSql(text: string, times: QueryTimes): string {
  const [from, to] = [moment(times.fromMs), moment(times.toMs)];
  const bin = (column: string): string =>
    `time_bucket(INTERVAL '${times.intervalMs} milliseconds', ${column})`;
  return text
    .replace(/\$__timeFilter(?:\(([^()]*)\))?/g, (_, column: string | undefined) => {
      const name = column === undefined || column.trim() === "" ? "time" : column.trim();
      return `${name} >= ${from} AND ${name} <= ${to}`;
    })
    .replace(
      /\$__dateBinAlias\(([^()]*)\)/g,
      (_, column: string) => `${bin(column)} AS "${column.trim()}_binned"`,
    )
    .replace(/\$__dateBin\(([^()]*)\)/g, (_, column: string) => bin(column))
    .replace(/\$__timeFrom(?:\(\))?/g, from)
    .replace(/\$__timeTo(?:\(\))?/g, to);
}
