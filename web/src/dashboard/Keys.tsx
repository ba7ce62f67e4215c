/** The keys of an open dashboard; `?` shows them. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { chooseUtc, go } from "../navigate";
import { utc } from "../state";
import { kiosk } from "./kiosk";
import { change, folded, live, paused, reload, sections, sharedLink, shownWindow, zoomTo } from "./session";

interface Key {
  readonly key: string;
  readonly name: string;
  readonly does: string;
  readonly run: () => void;
}

function shift(parts: number): void {
  const { fromMs, toMs } = shownWindow.peek();
  const step = (toMs - fromMs) * parts;
  zoomTo(fromMs + step, toMs + step);
}

function widen(times: number): void {
  const { fromMs, toMs } = shownWindow.peek();
  const [middle, half] = [(fromMs + toMs) / 2, ((toMs - fromMs) * times) / 2];
  zoomTo(middle - half, middle + half);
}

function pause(): void {
  if (!live.peek()) return;
  paused.value = !paused.peek();
  if (!paused.peek()) reload();
}

const foldAll = (closed: boolean): void => {
  folded.value = new Map(sections.peek().map((section) => [section.key, closed]));
};

export const KEYS: readonly Key[] = [
  { key: "r", name: "r", does: "ask again now", run: reload },
  { key: "p", name: "p", does: "pause, and go on", run: pause },
  { key: "ArrowLeft", name: "←", does: "half a range back", run: () => shift(-0.5) },
  { key: "ArrowRight", name: "→", does: "half a range on", run: () => shift(0.5) },
  { key: "-", name: "−", does: "twice the range", run: () => widen(2) },
  { key: "+", name: "+", does: "half the range", run: () => widen(0.5) },
  { key: "0", name: "0", does: "the dashboard's own range", run: () => change({ from: null, to: null }) },
  { key: "u", name: "u", does: "UTC, or the zone of this machine", run: () => chooseUtc(!utc.peek()) },
  { key: "[", name: "[", does: "close all rows", run: () => foldAll(true) },
  { key: "]", name: "]", does: "open all rows", run: () => foldAll(false) },
  {
    key: "k",
    name: "k",
    does: "panels only, for a screen on a wall; Escape ends it",
    run: () => kiosk(true),
  },
  {
    key: "d",
    name: "d",
    does: "all dashboards",
    run: () => {
      if (sharedLink.peek() === null) go({ place: { name: "dashboards" } });
    },
  },
];

/** Whether a key is for what has the focus, and not for the dashboard. */
function isTaken(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return true;
  const at = event.target instanceof Element ? event.target : null;
  return at?.closest("input, textarea, select, [contenteditable], [role=dialog], [role=listbox]") != null;
}

export function Keys() {
  const shown = useSignal(false);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.key === "Escape") kiosk(false);
      if (isTaken(event)) return;
      if (event.key === "?") shown.value = true;
      const found = KEYS.find((one) => one.key === event.key);
      if (found === undefined) return;
      event.preventDefault();
      found.run();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
  useEffect(() => {
    if (shown.value) dialog.current?.showModal();
  }, [shown.value]);
  if (!shown.value) return null;
  return (
    <dialog
      ref={dialog}
      class="keys"
      aria-label="Keys"
      onClose={() => (shown.value = false)}
      data-testid="keys"
    >
      <h2>Keys</h2>
      <dl>
        {[{ name: "?", does: "show this" }, ...KEYS].map(({ name, does }) => (
          <div key={name}>
            <dt>
              <kbd>{name}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">On a chart: drag zooms, a double click goes out.</p>
      <form method="dialog">
        <button type="submit" class="button">
          Close
        </button>
      </form>
    </dialog>
  );
}
