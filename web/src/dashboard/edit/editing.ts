/** The draft of the open dashboard: its changes, taking them back, saving and giving up. */
import { batch, computed, effect, signal } from "@preact/signals";
import type { Opened } from "../client";
import type { DashboardView, PanelModel } from "../model";
import { opened, reload, reloadVariables, reopen } from "../session";
import { panelOf, withPanel } from "./changes";
import { begin, redone, step, undone, type History } from "./history";
import { closeEditor, unsaved } from "./mode";
import { saveCopy, saveView } from "./saving";
import { go } from "../../navigate";

interface Draft {
  readonly uid: string;
  /** The version that the draft began with. */
  readonly version: number;
  readonly saved: DashboardView;
  readonly history: History<DashboardView>;
}

const draft = signal<Draft | null>(null);
/** Drafts of dashboards that were left in the middle of the work. */
const kept = new Map<string, Draft>();

export const canUndo = computed(() => (draft.value?.history.past.length ?? 0) > 0);
export const canRedo = computed(() => (draft.value?.history.future.length ?? 0) > 0);
export const isDirty = computed(() => draft.value !== null && draft.value.history.now !== draft.value.saved);
/** The view as it is edited. */
export const edited = computed(() => draft.value?.history.now ?? opened.value?.view ?? {});

const REST_MS = 350;
let resting: ReturnType<typeof setTimeout> | undefined;
let variablesToo = false;

/** Begins a draft of the open dashboard, if there is none yet. */
export function startDraft(): void {
  const board = opened.peek();
  if (board === null || draft.peek()?.uid === board.uid) return;
  draft.value = {
    uid: board.uid,
    version: board.version,
    saved: board.view,
    history: begin(board.view),
  };
}

function show(history: History<DashboardView>): void {
  const [now, board] = [draft.peek(), opened.peek()];
  if (now === null || board === null) return;
  const before = now.history.now;
  batch(() => {
    draft.value = { ...now, history };
    opened.value = { ...board, view: history.now };
  });
  variablesToo ||= before.templating !== history.now.templating || before.time !== history.now.time;
  if (!variablesToo && asks(before) === asks(history.now)) return;
  // Only when the hands rest, the hub is asked: not for every letter that is typed.
  clearTimeout(resting);
  resting = setTimeout(askAnew, REST_MS);
}

function askAnew(): void {
  if (variablesToo) void reloadVariables();
  else reload();
  variablesToo = false;
}

const asked = new WeakMap<DashboardView, string>();
/** What of a view decides which queries are sent. */
function asks(view: DashboardView): string {
  const known = asked.get(view);
  if (known !== undefined) return known;
  const part = ({ id, targets, interval, maxDataPoints, timeFrom, timeShift, repeat }: PanelModel) => [
    ...[id, targets, interval, maxDataPoints, timeFrom, timeShift, repeat],
  ];
  const panels = (view.panels ?? []).flatMap((panel) => [panel, ...(panel.panels ?? [])]);
  const text = JSON.stringify(panels.map(part));
  asked.set(view, text);
  return text;
}

/** Changes the draft; `about` joins steps that change the same thing, such as letters of one title. */
export function apply(change: (view: DashboardView) => DashboardView, about: string | null = null): void {
  startDraft();
  const now = draft.peek();
  if (now !== null) show(step(now.history, change(now.history.now), about));
}

/** Changes one panel of the draft. */
export function applyTo(id: number, about: string | null, change: (panel: PanelModel) => PanelModel): void {
  apply((view) => withPanel(view, id, change), about === null ? null : `${id} ${about}`);
}

export const editedPanel = (id: number): PanelModel | undefined => panelOf(edited.value, id);

export function undo(): void {
  const now = draft.peek();
  if (now !== null) show(undone(now.history));
}

export function redo(): void {
  const now = draft.peek();
  if (now !== null) show(redone(now.history));
}

/** Gives up all changes. */
export function discard(): void {
  const now = draft.peek();
  if (now === null) return;
  show(begin(now.saved));
  finish();
}

function finish(): void {
  draft.value = null;
  closeEditor();
}

/** Saves the draft as the next version; throws an `ApiError` 409 where somebody else saved one meanwhile. */
export async function save(message: string, over?: number): Promise<void> {
  const now = draft.peek();
  if (now === null) return;
  const { version } = await saveView(now.uid, now.history.now, over ?? now.version, message);
  const board = opened.peek();
  // Who edits again before the dashboard was read anew begins with the version that was just saved.
  if (board?.uid === now.uid) opened.value = { ...board, view: now.history.now, version };
  finish();
  reopen();
}

/** Saves the draft as a dashboard of its own and goes there. */
export async function saveAs(title: string): Promise<void> {
  const now = draft.peek();
  const view = edited.peek();
  const uid = opened.peek()?.uid;
  if (uid === undefined) return;
  const made = await saveCopy(uid, view, title);
  if (now !== null) discard();
  go({ place: { name: "dashboard", uid: made.uid, query: "" } });
}

effect(() => {
  unsaved.value = isDirty.value;
});

/** A dashboard that is left with changes keeps them until it is opened again. */
function follow(board: Opened | null): void {
  const now = draft.peek();
  if (now !== null && board?.uid !== now.uid) {
    if (isDirty.peek()) kept.set(now.uid, now);
    draft.value = null;
  }
  if (board === null) return;
  const own = draft.peek();
  if (own !== null) {
    // Opened anew, such as after a panel was added to it: the draft is still what is shown, and saving it will tell.
    if (board.view !== own.history.now) opened.value = { ...board, view: own.history.now };
    return;
  }
  const found = kept.get(board.uid);
  if (found === undefined) return;
  kept.delete(board.uid);
  batch(() => {
    draft.value = found;
    opened.value = { ...board, view: found.history.now };
  });
}

effect(() => follow(opened.value));

addEventListener("beforeunload", (event) => {
  if (isDirty.peek() || kept.size > 0) event.preventDefault();
});
