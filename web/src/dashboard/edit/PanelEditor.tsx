/** One panel while it is edited: its picture, its queries and what is made of them, its look. */
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { PanelModel } from "../model";
import { PanelFrame } from "../PanelFrame";
import { Look } from "./Look";
import { UNASKING } from "./looks";
import { QueryList } from "./QueryList";
import { StepList } from "./steps/StepList";
import { Tabs } from "./Tabs";

const NONE = new Map<string, never>();
const PREVIEW_ROWS = 10;

export function PanelEditor({ panel }: { panel: PanelModel }) {
  const frame = useMemo(
    () => (
      <PanelFrame
        placed={{ key: String(panel.id), panel, x: 0, y: 0, w: 24, h: PREVIEW_ROWS, scope: NONE }}
      />
    ),
    [panel],
  );
  return (
    <div class="panel-editor" data-testid="panel-editor" data-edited={panel.id}>
      <div class="panel-editor-main">
        <div class="board-grid preview">{frame}</div>
        {UNASKING.has(panel.type) ? (
          <p class="hint">A panel of this kind asks nothing.</p>
        ) : (
          <Parts panel={panel} />
        )}
      </div>
      <Look panel={panel} />
    </div>
  );
}

function Parts({ panel }: { panel: PanelModel }) {
  const part = useSignal("queries");
  const steps = panel.transformations?.length ?? 0;
  const tabs = [
    ["queries", `Queries ${panel.targets?.length ?? 0}`],
    ["steps", `Transformations${steps === 0 ? "" : ` ${steps}`}`],
  ] as const;
  return (
    <>
      <Tabs label="What is shown" tabs={tabs} chosen={part.value} choose={(id) => (part.value = id)} />
      {part.value === "queries" ? <QueryList panel={panel} /> : <StepList panel={panel} />}
    </>
  );
}
