/** Whether the open dashboard is being edited, which its address says: `edit=all`, or the number of one panel. */
import { computed, signal } from "@preact/signals";
import { address } from "../../state";
import { change } from "../session";

export const editKey = computed(() => {
  const { place } = address.value;
  return place.name === "dashboard" ? new URLSearchParams(place.query).get("edit") : null;
});

/** Whether the dashboard that is shown may be edited: one that is shown by a link may not. */
export const mayEdit = computed(() => address.value.place.name === "dashboard");

/** Whether there are changes that are not saved; set by the editor when it is there. */
export const unsaved = signal(false);

export const openEditor = (): void => change({ edit: "all" });
export const editPanel = (id: number): void => change({ edit: String(id) });
export const closeEditor = (): void => change({ edit: null });
