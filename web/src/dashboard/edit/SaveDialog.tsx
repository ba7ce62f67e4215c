/** Saving: a message for the list of versions; and what to do when somebody else saved meanwhile. */
import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { formatDayClock } from "../../clock";
import { dashboards, type Version } from "../client";
import { opened, reopen, zoneUtc } from "../session";
import { Dialog } from "./Dialog";
import { discard, edited, isDirty, save, saveAs } from "./editing";
import { isConflict } from "./saving";

export const saving = signal(false);

export function openSave(): void {
  if (isDirty.peek()) saving.value = true;
}

const close = (): void => {
  saving.value = false;
};

export function SaveDialog() {
  const message = useSignal("");
  const title = useSignal(`${edited.peek().title ?? "Dashboard"} (copy)`);
  const asNew = useSignal(false);
  const problem = useSignal<string | null>(null);
  const conflict = useSignal(false);
  const working = useSignal(false);
  const run = (work: () => Promise<void>): void => {
    [problem.value, working.value] = [null, true];
    work()
      .then(close, (cause: unknown) => {
        conflict.value = isConflict(cause);
        problem.value = cause instanceof Error ? cause.message : String(cause);
      })
      .finally(() => (working.value = false));
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    run(() => (asNew.peek() ? saveAs(title.peek()) : save(message.peek())));
  };
  if (conflict.value && !asNew.value)
    return (
      <Dialog title="Somebody else saved meanwhile" close={close} testid="conflict">
        <Conflict
          over={(version) => run(() => save(message.peek(), version))}
          asNew={() => (asNew.value = true)}
        />
      </Dialog>
    );
  return (
    <Dialog title="Save the dashboard" close={close} testid="save-dialog">
      <form class="dialog-form" onSubmit={submit}>
        {asNew.value ? (
          <label class="field">
            <span>Name of the new dashboard</span>
            <input
              value={title.value}
              onInput={(event) => (title.value = event.currentTarget.value)}
              data-testid="save-title"
            />
          </label>
        ) : (
          <label class="field">
            <span>What was changed? The list of versions shows it.</span>
            <input
              maxLength={500}
              value={message.value}
              onInput={(event) => (message.value = event.currentTarget.value)}
              data-testid="save-message"
            />
          </label>
        )}
        <label class="switch">
          <input
            type="checkbox"
            checked={asNew.value}
            onChange={(event) => (asNew.value = event.currentTarget.checked)}
            data-testid="save-as-new"
          />
          <span>as a new dashboard</span>
        </label>
        {opened.value?.provisioned === true && !asNew.value ? (
          <p class="hint">
            This dashboard comes from a file; the next change of the file replaces what you save.
          </p>
        ) : null}
        {problem.value === null ? null : (
          <p class="problem" role="alert">
            {problem.value}
          </p>
        )}
        <div class="buttons">
          <button type="submit" class="button primary" disabled={working.value} data-testid="save-apply">
            Save
          </button>
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Conflict({ over, asNew }: { over: (version: number) => void; asNew: () => void }) {
  const newest = useSignal<Version | null>(null);
  const uid = opened.value?.uid ?? "";
  useEffect(() => {
    dashboards.versions(uid).then(
      ([first]) => (newest.value = first ?? null),
      () => (newest.value = null),
    );
  }, [uid]);
  const other = newest.value;
  return (
    <div class="dialog-form">
      <p>
        You began with version {opened.value?.version}.{" "}
        {other === null
          ? "There is a newer one now."
          : `Version ${other.version} was saved ${formatDayClock(other.saved_ms, zoneUtc.value)}${
              other.message === null || other.message === "" ? "" : `: “${other.message}”`
            }.`}{" "}
        Nothing of yours is lost yet; choose what shall become of it.
      </p>
      <div class="choices">
        <button type="button" class="button" onClick={asNew} data-testid="conflict-copy">
          Save mine as a new dashboard
        </button>
        <button
          type="button"
          class="button"
          disabled={other === null}
          onClick={() => over(other?.version ?? 0)}
          data-testid="conflict-over"
        >
          Save mine over it; the other stays in the list of versions
        </button>
        <button
          type="button"
          class="button danger"
          onClick={() => {
            close();
            discard();
            reopen();
          }}
          data-testid="conflict-theirs"
        >
          Give up mine and show the other
        </button>
        <button type="button" class="button" onClick={close}>
          Go on editing
        </button>
      </div>
    </div>
  );
}
