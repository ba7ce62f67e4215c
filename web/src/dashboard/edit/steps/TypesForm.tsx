/** Other types for columns: numbers of texts, times of numbers. */
import { listOf, recordOf, textOf } from "../../optionValues";
import { choicesOf, Combo } from "../Combo";
import { FIELD_TYPES } from "../overrides";
import { replaced } from "../paths";
import { Tool } from "../Tool";
import type { FormProps } from "./StepForm";

export function TypesForm({ options, set, fields }: FormProps) {
  const list = listOf(options["conversions"]).map(recordOf);
  const put = (next: readonly unknown[]): void => set({ ...options, conversions: next });
  const name = fields.find(({ type }) => type === "string")?.title ?? fields[0]?.title ?? "";
  return (
    <>
      {list.map((one, i) => (
        <div key={i} class="list-card-line" role="group" aria-label={`Conversion ${i + 1}`}>
          <Combo
            label={`Field of conversion ${i + 1}`}
            value={textOf(one["targetField"])}
            choices={choicesOf(fields.map(({ title }) => title))}
            choose={(targetField) => put(replaced(list, i, { ...one, targetField }))}
          />
          <select
            aria-label={`Type of conversion ${i + 1}`}
            value={textOf(one["destinationType"], "number")}
            onChange={(event) =>
              put(replaced(list, i, { ...one, destinationType: event.currentTarget.value }))
            }
          >
            {FIELD_TYPES.map(([type, text]) => (
              <option key={String(type)} value={String(type)}>
                {text}
              </option>
            ))}
          </select>
          <Tool label={`Remove conversion ${i + 1}`} sign="×" run={() => put(replaced(list, i, null))} />
        </div>
      ))}
      <button
        type="button"
        class="button small"
        onClick={() => put([...list, { targetField: name, destinationType: "number" }])}
      >
        Add a conversion
      </button>
    </>
  );
}
