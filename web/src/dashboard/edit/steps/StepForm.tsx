/** The settings of one transformation. */
import type { Options } from "../../model";
import type { KnownField } from "../fieldsNow";
import { getAt, setAt } from "../paths";
import { SettingField } from "../SettingField";
import type { OwnForm, StepKind } from "./catalogue";
import { FilterForm } from "./FilterForm";
import { GroupForm } from "./GroupForm";
import { NamesForm } from "./NamesForm";
import { OrganizeForm } from "./OrganizeForm";
import { QueriesForm } from "./QueriesForm";
import { TypesForm } from "./TypesForm";

/** What a form is given; `set` takes the options as they become. */
export interface FormProps {
  readonly options: Options;
  readonly set: (options: Options, about?: string) => void;
  readonly fields: readonly KnownField[];
  readonly refIds: readonly string[];
}

const FORMS: Readonly<Record<OwnForm, (props: FormProps) => preact.JSX.Element>> = {
  organize: OrganizeForm,
  names: NamesForm,
  queries: QueriesForm,
  filters: FilterForm,
  groups: GroupForm,
  types: TypesForm,
};

export function StepForm({ kind, ...props }: FormProps & { kind: StepKind }) {
  const { options, set, fields } = props;
  const Form = kind.form === undefined ? null : FORMS[kind.form];
  const settings = kind.settings?.(options) ?? [];
  const names = fields.map(({ title }) => title);
  return (
    <div class="step-form">
      {Form === null ? null : <Form {...props} />}
      {settings.map((setting) => (
        <SettingField
          key={setting.path}
          setting={setting}
          value={getAt(options, setting.path)}
          put={(next) => set(setAt(options, setting.path, next), setting.path)}
          testid={`step-${setting.path.replaceAll(".", "-")}`}
          fields={names}
        />
      ))}
      {Form === null && settings.length === 0 ? <p class="hint">It has no settings.</p> : null}
    </div>
  );
}
