/** Columns: shown or not, in which order, under which names. */
import { Tool } from "../Tool";
import { organizedFields, withHidden, withNewName, withPlaceOf } from "./organize";
import type { FormProps } from "./StepForm";

export function OrganizeForm({ options, set, fields }: FormProps) {
  const list = organizedFields(
    fields.map(({ title }) => title),
    options,
  );
  const order = list.map(({ name }) => name);
  if (list.length === 0) return <p class="hint">No fields yet: the queries have brought none.</p>;
  return (
    <ul class="field-list">
      {list.map(({ name, hidden, renamed }, i) => (
        <li key={name} class="list-card-line" data-organized={name}>
          <label class="switch field-name" title={name}>
            <input
              type="checkbox"
              checked={!hidden}
              onChange={(event) => set(withHidden(options, name, !event.currentTarget.checked))}
              data-testid="organize-shown"
            />
            <span class="clipped">{name}</span>
          </label>
          <input
            class="grow"
            aria-label={`New name of ${name}`}
            placeholder="keeps its name"
            value={renamed}
            onInput={(event) => set(withNewName(options, name, event.currentTarget.value), `rename ${name}`)}
            data-testid="organize-name"
          />
          <Tool
            label={`Move ${name} up`}
            sign="↑"
            run={i === 0 ? null : () => set(withPlaceOf(options, order, i, -1))}
            testid="organize-up"
          />
          <Tool
            label={`Move ${name} down`}
            sign="↓"
            run={i === list.length - 1 ? null : () => set(withPlaceOf(options, order, i, 1))}
          />
        </li>
      ))}
    </ul>
  );
}
