/** An open dashboard: its variables, rows and panels. */
import { editKey } from "./edit/mode";
import { LazyEditor, UnsavedNote } from "./edit/LazyEditor";
import { NotRead } from "../panels/NotRead";
import { Keys } from "./Keys";
import { isKiosk, kiosk } from "./kiosk";
import { isFolded } from "./fold";
import { interpolate } from "./interpolate";
import type { Section } from "./layout";
import { PanelFrame } from "./PanelFrame";
import { folded, opened, openProblem, scope, sections, variables } from "./session";
import { VariableBar } from "./VariableBar";
import { Down } from "../panels/icons";

export function DashboardPage() {
  if (openProblem.value !== null) return <NotRead what="The dashboard" problem={openProblem.value} />;
  if (opened.value === null || variables.value === null)
    return <div class="panel skeleton tall" aria-busy="true" />;
  if (editKey.value !== null) return <LazyEditor />;
  return (
    <div class="dashboard" data-testid="dashboard" data-uid={opened.value.uid}>
      <UnsavedNote />
      <Keys />
      {isKiosk.value ? (
        <button type="button" class="button small leave-kiosk" onClick={() => kiosk(false)}>
          Leave (Esc)
        </button>
      ) : null}
      <VariableBar />
      {sections.value.length === 0 ? (
        <p class="hint">This dashboard has no panels. Press Edit to make some.</p>
      ) : null}
      {sections.value.map((section) => (
        <SectionView key={section.key} section={section} />
      ))}
    </div>
  );
}

function SectionView({ section }: { section: Section }) {
  const closed = isFolded(section, folded.value);
  const turn = (): void => {
    folded.value = new Map(folded.peek()).set(section.key, !closed);
  };
  const title = interpolate(section.row?.title ?? "", new Map([...scope.value, ...section.scope]));
  return (
    <section class="board-section">
      {section.row === null ? null : (
        <button
          type="button"
          class={closed ? "board-row closed" : "board-row"}
          aria-expanded={!closed}
          onClick={turn}
          data-row={section.key}
        >
          <Down />
          <span>{title === "" ? "Row" : title}</span>
          {closed ? <span class="hint">{counted(section.placed.length)}</span> : null}
        </button>
      )}
      {closed ? null : (
        <div class="board-grid">
          {section.placed.map((placed) => (
            <PanelFrame key={placed.key} placed={placed} />
          ))}
        </div>
      )}
    </section>
  );
}

const counted = (panels: number): string => (panels === 1 ? "1 panel" : `${panels} panels`);
