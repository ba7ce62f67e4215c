/** "Add to dashboard" for a chart of the page; the dialogue is loaded when it is first pressed. */
import { useSignal } from "@preact/signals";
import type { Addition } from "../dashboard/edit/add";
import { Plus } from "./icons";

interface Props {
  /** Made when it is pressed. */
  readonly addition: () => Addition;
  /** Words beside the icon, where there is room. */
  readonly label?: string;
}

export function AddButton({ addition, label }: Props) {
  const problem = useSignal<string | null>(null);
  const press = (): void => {
    import("../dashboard/edit/add").then(
      ({ addToDashboard }) => {
        problem.value = null;
        void addToDashboard(addition());
      },
      () => (problem.value = "The hub does not answer; try again when it is back."),
    );
  };
  const title = problem.value ?? "Add to a dashboard";
  return (
    <button
      type="button"
      class={`button ${label === undefined ? "icon-only" : "small"} ${problem.value === null ? "" : "faulty"}`}
      onClick={press}
      title={title}
      aria-label={label === undefined ? title : undefined}
      data-testid="add-to-dashboard"
    >
      <Plus />
      {label === undefined ? null : <span>{label}</span>}
    </button>
  );
}
