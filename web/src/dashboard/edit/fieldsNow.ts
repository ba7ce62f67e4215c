/** The fields that a panel has now: as its queries gave them, and as its transformations made them. */
import { transformed } from "../frames";
import type { PanelModel } from "../model";
import type { FieldType, Frame } from "../panel";
import { data } from "../session";
import { titleOf } from "../transform/names";

export interface KnownField {
  readonly title: string;
  readonly type: FieldType;
  readonly refId: string;
}

const MOST = 200;

/** The frames of a panel after its first `steps` transformations; all of them where no number is given. */
export function framesNow(panel: PanelModel, steps?: number): readonly Frame[] {
  const frames = data.value.get(String(panel.id))?.frames ?? [];
  return transformed(frames, (panel.transformations ?? []).slice(0, steps));
}

/** Fields by the names that people see, each name once. */
export function fieldsIn(frames: readonly Frame[]): KnownField[] {
  const found = new Map<string, KnownField>();
  for (const frame of frames)
    for (const field of frame.fields) {
      const title = titleOf(field, frame, frames);
      if (!found.has(title)) found.set(title, { title, type: field.type, refId: frame.refId });
      if (found.size >= MOST) return [...found.values()];
    }
  return [...found.values()];
}
