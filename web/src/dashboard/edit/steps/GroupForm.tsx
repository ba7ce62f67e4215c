/** What becomes of each column when rows are grouped: left out, grouped by, or counted together. */
import { ownValue, recordOf, textOf } from "../../optionValues";
import { SettingField } from "../SettingField";
import { withRule } from "./rules";
import type { FormProps } from "./StepForm";

export function GroupForm({ options, set, fields }: FormProps) {
  const rules = recordOf(options["fields"]);
  const names = [...new Set([...fields.map(({ title }) => title), ...Object.keys(rules)])];
  return (
    <ul class="field-list">
      {names.map((name) => {
        const rule = recordOf(ownValue(rules, name));
        const operation = textOf(rule["operation"], "none");
        return (
          <li key={name} class="group-rule" data-group={name}>
            <label class="look-line">
              <span class="clipped" title={name}>
                {name}
              </span>
              <select
                value={operation}
                onChange={(event) => set(withRule(options, name, event.currentTarget.value))}
                data-testid="group-operation"
              >
                <option value="none">left out</option>
                <option value="groupby">grouped by</option>
                <option value="aggregate">figures of it</option>
              </select>
            </label>
            {operation === "aggregate" ? (
              <SettingField
                setting={{ path: "", label: `Figures of ${name}`, input: "reducers" }}
                value={rule["aggregations"]}
                put={(next) =>
                  set({ ...options, fields: { ...rules, [name]: { ...rule, aggregations: next } } })
                }
                testid="group-figures"
              />
            ) : null}
          </li>
        );
      })}
    </ul>
  );
}
