/** The bar above a dashboard that is edited: what can be added, steps back, settings, and the ways out. */
import { useSignal } from "@preact/signals";
import { Back, Plus } from "../../panels/icons";
import type { PanelModel } from "../model";
import { withNewPanel, withNewRow } from "./changes";
import { apply, canRedo, canUndo, discard, isDirty, redo, undo } from "./editing";
import { closeEditor, editPanel, openEditor } from "./mode";
import { openSave, SaveDialog, saving } from "./SaveDialog";
import { SettingsDialog } from "./SettingsDialog";
import { builtTarget, newPanel } from "./targets";

function addPanel(): void {
  let made = 0;
  apply((view) => {
    const targets = [builtTarget("A", { measurement: "", fields: ["value"] })];
    const added = withNewPanel(view, (id, place) => newPanel(id, place, { title: "New panel", targets }));
    made = added.id;
    return added.view;
  });
  editPanel(made);
}

export function EditBar({ panel }: { panel: PanelModel | null }) {
  const settings = useSignal(false);
  return (
    <div class="edit-bar" role="toolbar" aria-label="Editing">
      {panel === null ? (
        <>
          <button type="button" class="button" onClick={addPanel} data-testid="edit-add-panel">
            <Plus />
            <span>Panel</span>
          </button>
          <button type="button" class="button" onClick={() => apply(withNewRow)} data-testid="edit-add-row">
            <Plus />
            <span>Row</span>
          </button>
        </>
      ) : (
        <button type="button" class="button" onClick={openEditor} data-testid="edit-back">
          <Back />
          <span>All panels</span>
        </button>
      )}
      <button
        type="button"
        class="button"
        disabled={!canUndo.value}
        onClick={undo}
        title="Take back the last step (Ctrl+Z)"
        data-testid="edit-undo"
      >
        Undo
      </button>
      <button
        type="button"
        class="button"
        disabled={!canRedo.value}
        onClick={redo}
        title="Do it again (Ctrl+Shift+Z)"
        data-testid="edit-redo"
      >
        Redo
      </button>
      <button
        type="button"
        class="button"
        onClick={() => (settings.value = true)}
        data-testid="edit-settings"
      >
        Settings
      </button>
      <span class="grow" />
      <WaysOut />
      {settings.value ? <SettingsDialog close={() => (settings.value = false)} /> : null}
      {saving.value ? <SaveDialog /> : null}
    </div>
  );
}

function WaysOut() {
  const sure = useSignal(false);
  if (!isDirty.value)
    return (
      <button type="button" class="button" onClick={closeEditor} data-testid="edit-done">
        Done
      </button>
    );
  return (
    <>
      <button
        type="button"
        class={sure.value ? "button danger" : "button"}
        onClick={() => (sure.value ? discard() : (sure.value = true))}
        onBlur={() => (sure.value = false)}
        data-testid="edit-discard"
      >
        {sure.value ? "Give up all changes" : "Discard"}
      </button>
      <button type="button" class="button primary" onClick={openSave} data-testid="edit-save">
        Save
      </button>
    </>
  );
}
