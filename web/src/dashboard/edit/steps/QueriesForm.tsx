/** Which queries' answers stay. */
import { SettingField } from "../SettingField";
import { lettersOf } from "./rules";
import type { FormProps } from "./StepForm";

export function QueriesForm({ options, set, refIds }: FormProps) {
  return (
    <SettingField
      setting={{ path: "include", label: "Queries that stay", input: "fields" }}
      value={lettersOf(options["include"])}
      put={(next) => set({ ...options, include: (next as readonly string[]).join("|") })}
      testid="step-queries"
      fields={refIds}
    />
  );
}
