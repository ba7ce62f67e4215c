/** A panel once for each value of a variable: beside each other, so many in a row, or below each other. */
import type { PanelModel } from "../model";
import { models } from "../session";
import type { Set } from "./Look";

const MOST_IN_A_ROW = [2, 3, 4, 6, 8, 12];

export function Repeat({ panel, set }: { panel: PanelModel; set: Set }) {
  const repeat = panel.repeat ?? "";
  const names = models.value.filter(({ type }) => type !== "adhoc").map(({ name }) => name);
  const across = panel.repeatDirection !== "v";
  return (
    <>
      <label class="look-line">
        <span>Once for each value of</span>
        <select
          value={repeat}
          onChange={(event) => set("repeat", event.currentTarget.value || undefined)}
          data-testid="look-repeat"
        >
          <option value="">not repeated</option>
          {repeat === "" || names.includes(repeat) ? null : <option>{repeat}</option>}
          {names.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      {repeat === "" ? null : (
        <label class="look-line">
          <span>They stand</span>
          <select
            value={across ? "h" : "v"}
            onChange={(event) => set("repeatDirection", event.currentTarget.value)}
            data-testid="look-repeatDirection"
          >
            <option value="h">beside each other</option>
            <option value="v">below each other</option>
          </select>
        </label>
      )}
      {repeat === "" || !across ? null : (
        <label class="look-line">
          <span>At most in a row</span>
          <select
            value={String(panel.maxPerRow ?? 4)}
            onChange={(event) => set("maxPerRow", Number(event.currentTarget.value))}
            data-testid="look-maxPerRow"
          >
            {[...new Set([...MOST_IN_A_ROW, panel.maxPerRow ?? 4])].map((count) => (
              <option key={count}>{count}</option>
            ))}
          </select>
        </label>
      )}
    </>
  );
}
