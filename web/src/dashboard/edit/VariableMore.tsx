/** When a variable is asked anew, where it is shown, and what "All" stands for. */
import type { Setting } from "./looksOfKinds";
import { SettingField } from "./SettingField";
import type { PartProps } from "./VariableList";

const HIDE: Setting = {
  path: "hide",
  label: "Above the panels",
  input: "choice",
  usual: 0,
  choices: [
    [0, "name and value"],
    [1, "value alone"],
    [2, "not shown"],
  ],
};
const REFRESH: Setting = {
  path: "refresh",
  label: "Values are asked for",
  input: "choice",
  usual: 1,
  choices: [
    [1, "when the dashboard is opened"],
    [2, "when the times change, too"],
  ],
};
const ALL: Setting = {
  path: "allValue",
  label: "“All” stands for",
  input: "text",
  hint: "all values; or .*",
};

export function VariableMore({ model, set }: PartProps) {
  const settings = [
    HIDE,
    ...(model.type === "query" ? [REFRESH] : []),
    ...(model.includeAll === true ? [ALL] : []),
  ];
  return (
    <div>
      {settings.map((setting) => (
        <SettingField
          key={setting.path}
          setting={setting}
          value={(model as unknown as Readonly<Record<string, unknown>>)[setting.path] ?? undefined}
          put={(next) => set({ [setting.path]: next ?? null }, setting.path)}
          testid={`variable-${setting.path}`}
        />
      ))}
    </div>
  );
}

/** Whether several values are chosen at once. */
export function SeveralPart({ model, set }: PartProps) {
  return (
    <div class="field-row">
      <label class="switch">
        <input
          type="checkbox"
          checked={model.multi === true}
          onChange={(event) => set({ multi: event.currentTarget.checked }, "multi")}
          data-testid="variable-multi"
        />
        <span>several at once</span>
      </label>
      <label class="switch">
        <input
          type="checkbox"
          checked={model.includeAll === true}
          onChange={(event) => set({ includeAll: event.currentTarget.checked }, "all")}
          data-testid="variable-all"
        />
        <span>offer “All”</span>
      </label>
    </div>
  );
}
