/** A row of a dashboard that is edited: its title, whether it begins closed, its repeat, its place. */
import { useSignal } from "@preact/signals";
import type { PanelModel } from "../model";
import { models } from "../session";
import { withoutRow, withRow, withRowMoved } from "./changes";
import { apply } from "./editing";

export function RowBar({ row, first, last }: { row: PanelModel; first: boolean; last: boolean }) {
  const { id } = row;
  const sure = useSignal(false);
  const change = (changes: Partial<PanelModel>, about: string | null = null): void =>
    apply((view) => withRow(view, id, changes), about);
  return (
    <div class="edit-row" data-edit-row={id}>
      <input
        class="row-title"
        aria-label="Title of the row"
        value={row.title ?? ""}
        onInput={(event) => change({ title: event.currentTarget.value }, `row ${id}`)}
        data-testid="row-title"
      />
      <label class="switch">
        <input
          type="checkbox"
          checked={row.collapsed === true}
          onChange={(event) => change({ collapsed: event.currentTarget.checked })}
        />
        <span>begins closed</span>
      </label>
      <label class="choice">
        <span class="hidden-text">Repeat the row for each value of</span>
        <select
          value={row.repeat ?? ""}
          onChange={(event) => change({ repeat: event.currentTarget.value || null })}
        >
          <option value="">not repeated</option>
          {models.value.map(({ name }) => (
            <option key={name} value={name}>
              for each {name}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        class="button small"
        disabled={first}
        aria-label="Move the row up"
        onClick={() => apply((view) => withRowMoved(view, id, -1))}
      >
        ↑
      </button>
      <button
        type="button"
        class="button small"
        disabled={last}
        aria-label="Move the row down"
        onClick={() => apply((view) => withRowMoved(view, id, 1))}
      >
        ↓
      </button>
      {sure.value ? (
        <>
          <button
            type="button"
            class="button small"
            onClick={() => apply((view) => withoutRow(view, id, false))}
          >
            Delete, keep its panels
          </button>
          <button
            type="button"
            class="button small danger"
            onClick={() => apply((view) => withoutRow(view, id, true))}
          >
            Delete with its panels
          </button>
        </>
      ) : (
        <button
          type="button"
          class="button small"
          onClick={() => (sure.value = true)}
          data-testid="row-delete"
        >
          Delete
        </button>
      )}
    </div>
  );
}
