/** The panels of a dashboard with handles: to move, to size, to copy, to take away. */
import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { PanelFrame } from "../PanelFrame";
import { withCopy, withoutPanel } from "./changes";
import { drag, startMove, startResize } from "./dragging";
import { apply, edited } from "./editing";
import { editPanel } from "./mode";
import { RowBar } from "./RowBar";
import { placed, sectionsOf, stepped, stepTo, TOP, type EditSection, type Item } from "./sections";

const NONE = new Map<string, never>();

/** The sections as they are shown, with the panel that is held where it would come to stand. */
const shown = computed(() => {
  const held = drag.value;
  const view = edited.value;
  return sectionsOf((held === null ? view : placed(view, held.id, held.section, held.place)).panels ?? []);
});

export function EditGrid() {
  const sections = shown.value;
  const empty = sections.every(({ items }) => items.length === 0);
  return (
    <>
      {empty ? <p class="hint">No panels yet. Press Panel to make the first one.</p> : null}
      {sections.map((section, i) =>
        section.key === TOP &&
        section.items.length === 0 &&
        sections.length > 1 &&
        drag.value === null ? null : (
          <SectionView key={section.key} section={section} last={i === sections.length - 1} first={i <= 1} />
        ),
      )}
    </>
  );
}

function SectionView({ section, first, last }: { section: EditSection; first: boolean; last: boolean }) {
  return (
    <section class="board-section">
      {section.row === null ? null : <RowBar row={section.row} first={first} last={last} />}
      <div
        class={section.items.length === 0 ? "board-grid edit-grid free" : "board-grid edit-grid"}
        data-edit-grid={section.key}
      >
        {section.items.map((item) => (
          <Tile key={item.panel.id} item={item} section={section.key} />
        ))}
      </div>
    </section>
  );
}

function Tile({ item, section }: { item: Item; section: string }) {
  const { panel, x, y, w, h } = item;
  // The same element while a panel stands still: the picture is not drawn anew when another one is moved.
  const frame = useMemo(
    () => <PanelFrame placed={{ key: String(panel.id), panel, x, y, w, h, scope: NONE }} />,
    [panel, x, y, w, h],
  );
  return (
    <>
      {frame}
      <Handles item={item} section={section} />
    </>
  );
}

const STEPS: Readonly<Record<string, readonly [dx: number, dy: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function keyPressed(event: KeyboardEvent, item: Item, section: string): void {
  const { id } = item.panel;
  const step = STEPS[event.key];
  if (step === undefined) {
    if (event.key !== "Delete") return;
    event.preventDefault();
    apply((view) => withoutPanel(view, id));
    return;
  }
  event.preventDefault();
  const [dx, dy] = step;
  if (event.shiftKey) {
    const place = { ...item, w: item.w + dx, h: item.h + dy };
    if (item.x + place.w <= 24) apply((view) => placed(view, id, section, place), `size ${id}`);
    return;
  }
  apply((view) => {
    const to = stepTo(sectionsOf(view.panels ?? []), id, dx, dy);
    return to === null ? view : placed(view, id, to.section, to.place);
  });
  // In another section the handle is another element.
  requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-handles="${id}"] .grip`)?.focus());
}

function Handles({ item, section }: { item: Item; section: string }) {
  const { panel, x, y, w, h } = item;
  const { id } = panel;
  const name = panel.title === undefined || panel.title === "" ? panel.type : panel.title;
  const held = drag.value?.id === id;
  const copy = (): void => apply((view) => withCopy(view, id).view);
  return (
    <div
      class={held ? "edit-frame held" : "edit-frame"}
      style={`grid-column: ${x + 1} / span ${w}; grid-row: ${y + 1} / span ${h}`}
      data-handles={id}
    >
      <div class="edit-head">
        <button
          type="button"
          class="grip"
          aria-label={`Move ${name}`}
          title={`${name}: drag to move; arrow keys move, Shift and arrow keys change the size, Delete removes`}
          onPointerDown={(event) => startMove(event, item, section)}
          onKeyDown={(event) => keyPressed(event, item, section)}
          data-testid="grip"
        >
          {name}
        </button>
        <span class="narrow-only">
          <Tool
            label={`${name} before the one above`}
            sign="↑"
            run={() => apply((v) => stepped(v, id, -1))}
          />
          <Tool label={`${name} behind the one below`} sign="↓" run={() => apply((v) => stepped(v, id, 1))} />
        </span>
        <Tool label={`Edit ${name}`} sign="Edit" run={() => editPanel(id)} testid="tile-edit" />
        <Tool label={`Copy ${name}`} sign="Copy" run={copy} testid="tile-copy" />
        <Tool
          label={`Delete ${name}`}
          sign="×"
          run={() => apply((view) => withoutPanel(view, id))}
          testid="tile-delete"
        />
      </div>
      <div
        class="corner"
        title="Drag to change the size"
        onPointerDown={(event) => startResize(event, item, section)}
        data-testid="corner"
      />
    </div>
  );
}

function Tool(props: { label: string; sign: string; run: () => void; testid?: string }) {
  return (
    <button
      type="button"
      class="tool"
      aria-label={props.label}
      title={props.label}
      onClick={props.run}
      data-testid={props.testid}
    >
      {props.sign}
    </button>
  );
}
