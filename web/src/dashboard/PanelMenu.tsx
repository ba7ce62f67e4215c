/** What can be done with one panel: see its queries, save its picture and its data. */
import { Down } from "../panels/icons";
import { CopyButton } from "../panels/CopyButton";
import { Downloads } from "./Downloads";
import { editKey, editPanel, mayEdit } from "./edit/mode";
import type { PanelModel } from "./model";
import type { PanelData } from "./session";
import { usePopover } from "../panels/usePopover";

export function PanelMenu({ panel, title, filled }: { panel: PanelModel; title: string; filled: PanelData }) {
  const { open, place } = usePopover();
  const queries = (panel.targets ?? []).filter((target) => (target.query ?? "") !== "");
  if (queries.length === 0) return null;
  const fault = filled.frames.length > 0 ? filled.problem : null;
  return (
    <div class="anchor menu-anchor" ref={place}>
      <button
        type="button"
        class={fault === null ? "button icon-only" : "button icon-only faulty"}
        aria-label={`Queries of ${title === "" ? panel.type : title}`}
        title={fault?.message ?? "Queries"}
        aria-expanded={open.value}
        onClick={() => (open.value = !open.value)}
      >
        <Down />
      </button>
      {open.value ? (
        <div class="popover queries" role="dialog" aria-label="Queries">
          {fault === null ? null : (
            <p class="problem" role="alert">
              {fault.message}
            </p>
          )}
          {queries.map((target) => (
            <div key={target.refId}>
              <p class="hint">
                {target.refId} · {target["x-helio"]?.language ?? "not of this hub"}
                {target.hide === true ? " · hidden" : ""}
              </p>
              <pre>{target.query}</pre>
              <CopyButton text={target.query ?? ""} />
            </div>
          ))}
          {mayEdit.value && editKey.value === null ? (
            <button
              type="button"
              class="button small"
              onClick={() => editPanel(panel.id)}
              data-testid="panel-edit"
            >
              Edit this panel
            </button>
          ) : null}
          <Downloads title={title === "" ? panel.type : title} frames={filled.frames} />
        </div>
      ) : null}
    </div>
  );
}
