/** The data of a panel as a plain table: for what is not drawn, so that nothing is hidden. */
import { formatDayClock } from "../../clock";
import { timeUnit } from "../fieldModel";
import type { ShownField, ShownFrame } from "../panel";
import { shownText } from "./PlainLegend";

const ROWS_MOST = 200;

export function cellText(field: ShownField, row: number, utc: boolean): string {
  const value = field.values[row] ?? null;
  if (value === null) return "";
  if (field.type === "time" && timeUnit(field.config.unit) !== field.config.unit && typeof value === "number")
    return formatDayClock(value, utc);
  return shownText(field, value);
}

export function DataTable({ frame, utc }: { frame: ShownFrame; utc: boolean }) {
  const count = frame.fields[0]?.values.length ?? 0;
  const rows = Array.from({ length: Math.min(count, ROWS_MOST) }, (_, row) => row);
  return (
    <table class="dash-data">
      <thead>
        <tr>
          {frame.fields.map((field, i) => (
            <th key={i} scope="col">
              <bdi>{field.title}</bdi>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row}>
            {frame.fields.map((field, i) => (
              <td key={i} class={field.type === "number" ? "figure" : ""}>
                <bdi>{cellText(field, row, utc)}</bdi>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
      {count > ROWS_MOST ? <caption>{`${ROWS_MOST} of ${count} rows`}</caption> : null}
    </table>
  );
}

export function DataTables({ frames, utc }: { frames: readonly ShownFrame[]; utc: boolean }) {
  return (
    <div class="dash-scroll" tabIndex={0} role="group" aria-label="Data">
      {frames.slice(0, 20).map((frame, i) => (
        <DataTable key={i} frame={frame} utc={utc} />
      ))}
      {frames.length > 20 ? <p class="dash-note">{`20 of ${frames.length} series`}</p> : null}
    </div>
  );
}
