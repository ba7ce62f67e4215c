/** Which rows are closed. */
import type { Section } from "./layout";

/** Whether a section's panels are hidden: as the viewer left it, else as the dashboard was saved. */
export function isFolded(section: Section, folded: ReadonlyMap<string, boolean>): boolean {
  return folded.get(section.key) ?? section.row?.collapsed === true;
}
