/** The editor, whose scripts are loaded when somebody edits first; and a word about changes that are not saved. */
import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import { NotRead } from "../../panels/NotRead";
import { editKey, mayEdit, openEditor, unsaved } from "./mode";

const loaded = signal<FunctionComponent | null>(null);
const problem = signal<string | null>(null);

function load(): void {
  problem.value = null;
  import("./Editor").then(
    (found) => (loaded.value = found.Editor),
    () => (problem.value = "The hub does not answer; load the page again when it is back."),
  );
}

export function LazyEditor() {
  useEffect(() => {
    if (loaded.value === null) load();
  }, []);
  const Editor = loaded.value;
  if (Editor !== null) return <Editor />;
  return problem.value === null ? (
    <div class="panel skeleton tall" aria-busy="true" />
  ) : (
    <NotRead what="The editor" problem={problem.value} />
  );
}

/** Above a dashboard that is looked at while its changes are not saved. */
export function UnsavedNote() {
  if (!unsaved.value || editKey.value !== null) return null;
  return (
    <div class="unsaved-note" role="status" data-testid="unsaved-note">
      <span>This dashboard has changes that are not saved.</span>
      <button type="button" class="button small" onClick={openEditor}>
        Go on editing
      </button>
    </div>
  );
}

/** The way into the editor. */
export function EditButton() {
  if (editKey.value !== null || !mayEdit.value) return null;
  return (
    <button type="button" class="button" onClick={openEditor} data-testid="board-edit">
      Edit
    </button>
  );
}
