/** A dashboard in edit mode: its bar, and the grid or the one panel that is edited. */
import { useEffect } from "preact/hooks";
import { VariableBar } from "../VariableBar";
import { EditBar } from "./EditBar";
import { EditGrid } from "./EditGrid";
import { edited, editedPanel, redo, startDraft, undo } from "./editing";
import { editKey } from "./mode";
import { PanelEditor } from "./PanelEditor";
import { openSave } from "./SaveDialog";

const typed = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches("input, textarea, select");

function useKeys(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      const key = event.key.toLowerCase();
      if (key === "s") openSave();
      else if (typed(event.target)) return;
      else if (key === "y" || (key === "z" && event.shiftKey)) redo();
      else if (key === "z") undo();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

export function Editor() {
  useEffect(startDraft, []);
  useKeys();
  const key = editKey.value ?? "all";
  void edited.value;
  const panel = /^\d+$/.test(key) ? editedPanel(Number(key)) : undefined;
  return (
    <div class="dashboard editing" data-testid="editor">
      <EditBar panel={panel ?? null} />
      <VariableBar />
      {panel === undefined ? <EditGrid /> : <PanelEditor panel={panel} />}
    </div>
  );
}
