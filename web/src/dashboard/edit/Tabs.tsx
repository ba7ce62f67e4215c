/** Two or more parts of a form, one of which is shown. */

interface Props {
  readonly label: string;
  readonly tabs: readonly (readonly [id: string, name: string])[];
  readonly chosen: string;
  readonly choose: (id: string) => void;
}

export function Tabs({ label, tabs, chosen, choose }: Props) {
  return (
    <div class="segments" role="group" aria-label={label}>
      {tabs.map(([id, name]) => (
        <button
          key={id}
          type="button"
          aria-pressed={chosen === id}
          class={chosen === id ? "button small chosen" : "button small"}
          onClick={() => choose(id)}
          data-testid={`tab-${id}`}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
