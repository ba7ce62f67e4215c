/** Which dashboard gets a new panel: one that is there, or a new one. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { linkTo } from "../../navigate";
import { dashboards, type DashboardLine } from "../client";
import type { Target } from "../model";
import { opened, reopen } from "../session";
import type { Addition } from "./add";
import { Dialog } from "./Dialog";
import { appendPanel, createDashboard } from "./saving";
import { newPanel } from "./targets";

const NEW = "";
const LAST_KEY = "helio-added-to";

interface Props {
  readonly addition: Addition;
  readonly targets: readonly Target[];
  readonly done: (uid: string | null) => void;
}

/** Where the last panel went, which is where the next one probably goes. */
function lastUsed(): string | null {
  try {
    return sessionStorage.getItem(LAST_KEY);
  } catch {
    // A browser that keeps nothing: the first of the list is offered.
    return null;
  }
}

function remember(uid: string): void {
  try {
    sessionStorage.setItem(LAST_KEY, uid);
  } catch {
    // Only a convenience is lost.
  }
}

/** Those that a viewer made come first; the ready-made ones can take panels, too. */
const offered = (lines: readonly DashboardLine[]): DashboardLine[] =>
  [...lines].sort((a, b) => Number(a.built_in) - Number(b.built_in));

function firstChoice(lines: readonly DashboardLine[]): string {
  const last = lastUsed() ?? opened.peek()?.uid;
  if (last !== undefined && lines.some(({ uid }) => uid === last)) return last;
  return lines.find((line) => !line.built_in)?.uid ?? NEW;
}

export function AddDialog({ addition, targets, done }: Props) {
  const lines = useSignal<readonly DashboardLine[] | null>(null);
  const chosen = useSignal(NEW);
  const title = useSignal(addition.title);
  const name = useSignal("My dashboard");
  const problem = useSignal<string | null>(null);
  const working = useSignal(false);
  const added = useSignal<{ readonly uid: string; readonly title: string } | null>(null);
  const fail = (cause: unknown): void => {
    problem.value = cause instanceof Error ? cause.message : String(cause);
  };
  useEffect(() => {
    dashboards.list().then((all) => {
      lines.value = offered(all);
      chosen.value = firstChoice(all);
    }, fail);
  }, []);
  const save = async (): Promise<void> => {
    const about = {
      title: title.peek().trim(),
      targets,
      ...(addition.type === undefined ? {} : { type: addition.type }),
      ...(addition.unit === undefined ? {} : { unit: addition.unit }),
    };
    if (chosen.peek() === NEW) {
      const called = name.peek().trim() === "" ? "My dashboard" : name.peek().trim();
      const made = await createDashboard(called, [newPanel(1, { x: 0, y: 0, w: 12, h: 8 }, about)]);
      added.value = made;
    } else {
      const board = await appendPanel(chosen.peek(), (id, place) => newPanel(id, place, about));
      added.value = { uid: board.uid, title: board.view.title ?? board.uid };
    }
    remember(added.value.uid);
    if (opened.peek()?.uid === added.value.uid) reopen();
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    [problem.value, working.value] = [null, true];
    save()
      .catch(fail)
      .finally(() => (working.value = false));
  };
  const close = (): void => done(added.peek()?.uid ?? null);
  return (
    <Dialog title="Add to a dashboard" close={close} testid="add-dialog">
      {added.value === null ? (
        <form class="dialog-form" onSubmit={submit}>
          <label class="field">
            <span>Dashboard</span>
            <select
              value={chosen.value}
              disabled={lines.value === null}
              onChange={(event) => (chosen.value = event.currentTarget.value)}
              data-testid="add-board"
            >
              {(lines.value ?? []).map(({ uid, title: shown }) => (
                <option key={uid} value={uid}>
                  {shown}
                </option>
              ))}
              <option value={NEW}>A new dashboard</option>
            </select>
          </label>
          {chosen.value === NEW ? (
            <label class="field">
              <span>Name of the new dashboard</span>
              <input
                value={name.value}
                onInput={(event) => (name.value = event.currentTarget.value)}
                data-testid="add-name"
              />
            </label>
          ) : null}
          <label class="field">
            <span>Title of the panel</span>
            <input
              value={title.value}
              onInput={(event) => (title.value = event.currentTarget.value)}
              data-testid="add-title"
            />
          </label>
          <Fault message={problem.value} />
          <div class="buttons">
            <button
              type="submit"
              class="button primary"
              disabled={working.value || lines.value === null}
              data-testid="add-save"
            >
              Add the panel
            </button>
            <button type="button" class="button" onClick={close}>
              Cancel
            </button>
          </div>
        </form>
      ) : (
        <Done uid={added.value.uid} title={added.value.title} close={close} />
      )}
    </Dialog>
  );
}

function Fault({ message }: { message: string | null }) {
  return message === null ? null : (
    <p class="problem" role="alert">
      {message}
    </p>
  );
}

function Done({ uid, title, close }: { uid: string; title: string; close: () => void }) {
  return (
    <div class="dialog-form" data-testid="add-done">
      <p role="status">The panel is on the dashboard {title}.</p>
      <div class="buttons">
        <a
          class="button primary"
          href={linkTo({ place: { name: "dashboard", uid, query: "" } })}
          onClick={close}
        >
          Open it
        </a>
        <button type="button" class="button" onClick={close}>
          Stay here
        </button>
      </div>
    </div>
  );
}
