/** What a transformation gives, in few words. */
import type { Frame } from "../../panel";
import { rowCount } from "../../transform/names";

export const counted = (count: number, one: string, more: string): string =>
  `${count} ${count === 1 ? one : more}`;

/** What frames are, in few words. */
export function resultText(frames: readonly Frame[]): string {
  const rows = frames.reduce((sum, frame) => sum + rowCount(frame), 0);
  const fields = Math.max(0, ...frames.map((frame) => frame.fields.length));
  if (frames.length === 0) return "gives nothing";
  return `gives ${counted(frames.length, "table", "tables")}, ${counted(fields, "column", "columns")}, ${counted(rows, "row", "rows")}`;
}
