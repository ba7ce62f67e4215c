/** Which columns stay: those that are chosen, and those whose names fit a pattern. */
import type { Options } from "../../model";
import { recordOf, textOf, textsOf } from "../../optionValues";
import { SettingField } from "../SettingField";
import type { FormProps } from "./StepForm";

export function NamesForm({ options, set, fields }: FormProps) {
  const include = recordOf(options["include"]);
  const names = textsOf(include["names"]);
  const pattern = textOf(include["pattern"]);
  const put = (changes: Options, about?: string): void =>
    set({ ...options, include: { ...include, ...changes } }, about);
  return (
    <>
      <SettingField
        setting={{ path: "include.names", label: "Fields that stay", input: "fields" }}
        value={names}
        put={(next) => put({ names: next })}
        testid="step-names"
        fields={fields.map(({ title }) => title)}
      />
      <SettingField
        setting={{ path: "include.pattern", label: "and names like", input: "text", hint: "/temp.*/" }}
        value={pattern}
        put={(next) => put({ pattern: next }, "pattern")}
        testid="step-pattern"
      />
    </>
  );
}
