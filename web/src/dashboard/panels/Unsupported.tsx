/** A kind of panel that is not drawn: its name, and its data as a table. */
import type { PanelProps } from "../panel";
import { DataTables } from "./DataTable";

export function Unsupported({ panel, frames, utc }: PanelProps) {
  const name = panel["x-helio"]?.unsupported ?? panel.type;
  return (
    <div class="dash-column">
      <p class="dash-badge" role="note">
        <strong>{name}</strong> is not drawn here.{" "}
        {frames.length > 0 ? "Its data as a table:" : "It has no data to show as a table."}
      </p>
      {frames.length > 0 ? <DataTables frames={frames} utc={utc} /> : null}
    </div>
  );
}
