/** Rows that stay or go, by the values of their columns. */
import { listOf } from "../../optionValues";
import { choicesOf, Combo } from "../Combo";
import type { Setting } from "../looksOfKinds";
import { replaced } from "../paths";
import { SettingField } from "../SettingField";
import { Tool } from "../Tool";
import { conditionOf, CONDITIONS, filterOf, needsOf, type Condition } from "./filters";
import type { FormProps } from "./StepForm";

const TYPE: Setting = {
  path: "type",
  label: "Rows that pass",
  input: "choice",
  usual: "include",
  choices: [
    ["include", "stay"],
    ["exclude", "go"],
  ],
};
const MATCH: Setting = {
  path: "match",
  label: "They pass",
  input: "choice",
  usual: "any",
  choices: [
    ["any", "one condition"],
    ["all", "all conditions"],
  ],
};

export function FilterForm({ options, set, fields }: FormProps) {
  const filters = listOf(options["filters"]);
  const names = fields.map(({ title }) => title);
  const put = (next: readonly unknown[], about?: string): void => set({ ...options, filters: next }, about);
  const change = (index: number, changes: Partial<Condition>, about?: string): void => {
    const before = filters[index];
    put(replaced(filters, index, filterOf({ ...conditionOf(before), ...changes }, before)), about);
  };
  const add = (): void =>
    put([...filters, filterOf({ field: names[1] ?? "", id: "greater", value: "0", from: "", to: "" })]);
  return (
    <>
      {[TYPE, MATCH].map((setting) => (
        <SettingField
          key={setting.path}
          setting={setting}
          value={options[setting.path]}
          put={(next) => set({ ...options, [setting.path]: next })}
          testid={`step-${setting.path}`}
        />
      ))}
      {filters.map((filter, i) => (
        <ConditionLine
          key={i}
          condition={conditionOf(filter)}
          number={i + 1}
          names={names}
          change={(changes, about) => change(i, changes, about)}
          remove={() => put(replaced(filters, i, null))}
        />
      ))}
      <button type="button" class="button small" onClick={add} data-testid="condition-add">
        Add a condition
      </button>
    </>
  );
}

interface LineProps {
  readonly condition: Condition;
  readonly number: number;
  readonly names: readonly string[];
  readonly change: (changes: Partial<Condition>, about?: string) => void;
  readonly remove: () => void;
}

function ConditionLine({ condition, number, names, change, remove }: LineProps) {
  const needs = needsOf(condition.id);
  const known = CONDITIONS.some(([id]) => id === condition.id);
  return (
    <div class="list-card-line" role="group" aria-label={`Condition ${number}`}>
      <Combo
        label={`Field of condition ${number}`}
        placeholder="a field"
        value={condition.field}
        choices={choicesOf(names)}
        choose={(field) => change({ field })}
        testid={`condition-${number}-field`}
      />
      <select
        aria-label={`Comparison of condition ${number}`}
        value={condition.id}
        onChange={(event) => change({ id: event.currentTarget.value })}
        data-testid={`condition-${number}-is`}
      >
        {known ? null : <option>{condition.id}</option>}
        {CONDITIONS.map(([id, name]) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
      {(needs === "one" ? (["value"] as const) : needs === "two" ? (["from", "to"] as const) : []).map(
        (part) => (
          <input
            key={part}
            class="short-input"
            aria-label={`${part} of condition ${number}`}
            value={condition[part]}
            onInput={(event) => change({ [part]: event.currentTarget.value }, `condition ${number} ${part}`)}
            data-testid={`condition-${number}-${part}`}
          />
        ),
      )}
      <Tool label={`Remove condition ${number}`} sign="×" run={remove} />
    </div>
  );
}
