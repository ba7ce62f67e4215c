/** Makes an empty dashboard and opens it in the editor. */
import { useSignal } from "@preact/signals";
import { go } from "../../navigate";
import { createDashboard } from "./saving";

export function NewBoardButton() {
  const problem = useSignal<string | null>(null);
  const make = (): void => {
    createDashboard("New dashboard").then(
      ({ uid }) => go({ place: { name: "dashboard", uid, query: "edit=all" } }),
      (cause: unknown) => (problem.value = cause instanceof Error ? cause.message : String(cause)),
    );
  };
  return (
    <>
      <button type="button" class="button" onClick={make} data-testid="board-new">
        New dashboard
      </button>
      {problem.value === null ? null : (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
    </>
  );
}
