/** Two axes: which series are measured on the left and which on the right, kept as settings of single series. */
import type { PanelModel } from "../model";
import { fieldsIn, framesNow } from "./fieldsNow";
import type { Set } from "./Look";
import { axesByName, withAxis } from "./overrides";
import { OVERRIDES } from "./OverrideList";

const MOST = 30;
const SIDES = [
  ["auto", "as fits"],
  ["left", "left"],
  ["right", "right"],
] as const;

export function AxisList({ panel, set }: { panel: PanelModel; set: Set }) {
  const fields = fieldsIn(framesNow(panel)).filter(({ type }) => type === "number");
  const overrides = panel.fieldConfig?.overrides ?? [];
  const axes = axesByName(overrides);
  if (fields.length < 2) return null;
  return (
    <fieldset class="reducers axis-list">
      <legend>Axis of each series</legend>
      {fields.slice(0, MOST).map(({ title }) => {
        const axis = axes.get(title) ?? "auto";
        return (
          <label key={title} class="look-line">
            <span class="clipped" title={title}>
              {title}
            </span>
            <select
              value={axis}
              onChange={(event) =>
                set(OVERRIDES, withAxis(overrides, title, event.currentTarget.value), null)
              }
              data-axis={title}
            >
              {SIDES.some(([one]) => one === axis) ? null : <option>{axis}</option>}
              {SIDES.map(([one, text]) => (
                <option key={one} value={one}>
                  {text}
                </option>
              ))}
            </select>
          </label>
        );
      })}
      {fields.length > MOST ? <p class="hint">and more, which “Single series” finds by pattern.</p> : null}
    </fieldset>
  );
}
