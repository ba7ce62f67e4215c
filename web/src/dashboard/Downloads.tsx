/** Buttons that save a panel: its picture as PNG, its data as CSV. */
import { useSignal } from "@preact/signals";
import type { Frame } from "./panel";
import { csvOf, fileName, pngOf, saveFile } from "./panelExport";

export function Downloads({ title, frames }: { title: string; frames: readonly Frame[] }) {
  const problem = useSignal("");
  const savePng = (event: Event): void => {
    const panel = (event.currentTarget as HTMLElement).closest<HTMLElement>("[data-panel]");
    if (panel === null) return;
    pngOf(panel).then(
      (picture) => saveFile(picture, fileName(title, "png")),
      (cause: unknown) => (problem.value = cause instanceof Error ? cause.message : "The picture failed."),
    );
  };
  const saveCsv = (): void =>
    saveFile(new Blob([csvOf(frames)], { type: "text/csv;charset=utf-8" }), fileName(title, "csv"));
  return (
    <div class="buttons downloads">
      <button type="button" class="button small" onClick={savePng} data-testid="save-png">
        Save PNG
      </button>
      <button type="button" class="button small" onClick={saveCsv} data-testid="save-csv">
        Save CSV
      </button>
      {problem.value === "" ? null : (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
    </div>
  );
}
