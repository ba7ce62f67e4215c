/** The last values of fields that are text or switches, each with its time. */
import { formatDayClock } from "../clock";
import type { Scalar } from "../api";
import type { Columns } from "../data";
import { utc } from "../state";

function lastOf(columns: Columns, values: readonly Scalar[]): { value: string; atMs: number } | null {
  for (let i = values.length - 1; i >= 0; i -= 1) {
    const value = values[i];
    if (value != null) return { value: value.toString(), atMs: columns.time[i] ?? 0 };
  }
  return null;
}

export function ValueList({ columns }: { columns: Columns }) {
  const rows = columns.series.flatMap((series) => {
    const last = lastOf(columns, series.values);
    return last === null ? [] : [{ series, ...last }];
  });
  if (rows.length === 0) return <div class="plot blank">No values in this time.</div>;
  return (
    <table class="values" data-testid="values">
      <tbody>
        {rows.map(({ series, value, atMs }) => (
          <tr key={series.key}>
            <th scope="row">{series.label}</th>
            <td class="value">{value}</td>
            <td class="time">{formatDayClock(atMs, utc.value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
