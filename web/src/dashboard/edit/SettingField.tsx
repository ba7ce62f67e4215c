/** One setting as a field of a form, whatever its kind; panels, single series and transformations have them. */
import { REDUCER_TITLES } from "../reduce";
import { choicesOf, Combo } from "./Combo";
import { SchemeField } from "./ColourChoice";
import { LinkList } from "./LinkList";
import type { Choices, Setting } from "./looksOfKinds";
import { MappingEditor } from "./MappingEditor";
import { ThresholdEditor } from "./ThresholdEditor";
import { unitChoices, unitName } from "./unitNames";

export interface SettingProps {
  readonly setting: Setting;
  readonly value: unknown;
  /** `about` names what of the value was changed, where there is more than one thing. */
  readonly put: (next: unknown, about?: string) => void;
  readonly testid: string;
  /** Names of fields, where one is to be chosen. */
  readonly fields?: readonly string[];
}

export function SettingField({ setting, value: given, put, testid, fields = [] }: SettingProps) {
  const { label, input, usual } = setting;
  const value = given ?? usual;
  switch (input) {
    case "switch":
      return <Switch label={label} on={value === true} put={put} testid={testid} />;
    case "choice":
      return (
        <label class="look-line">
          <span>{label}</span>
          <ChoiceField choices={setting.choices ?? []} value={value} put={put} testid={testid} />
        </label>
      );
    case "reducers":
      return <Reducers label={label} value={value} put={put} testid={testid} />;
    case "fields":
      return <FieldChecks label={label} value={value} put={put} fields={fields} />;
    case "unit":
    case "field":
      return (
        <div class="look-line">
          <span>{label}</span>
          <Combo
            label={label}
            value={textOf(value)}
            {...(input === "unit"
              ? { shown: unitName(textOf(value)), choices: unitChoices(), placeholder: "none" }
              : { choices: choicesOf(fields), placeholder: setting.hint ?? "a field" })}
            choose={put}
            testid={testid}
          />
        </div>
      );
    case "scheme":
      return <SchemeField label={label} value={value} put={put} testid={testid} />;
    case "hide":
      return <Hidden label={label} value={value} put={put} testid={testid} />;
    case "thresholds":
      return <ThresholdEditor value={value} put={put} />;
    case "mappings":
      return <MappingEditor value={value} put={put} />;
    case "links":
      return <LinkList value={value} put={put} what="data" />;
    default:
      return <Written setting={setting} value={value} put={put} testid={testid} />;
  }
}

const textOf = (value: unknown): string =>
  typeof value === "number" || typeof value === "string" ? String(value) : "";

type OneProps = Pick<SettingProps, "setting" | "value" | "put" | "testid">;

function Written({ setting, value, put, testid }: OneProps) {
  const { path, label, input, hint } = setting;
  if (input === "long")
    return (
      <label class="field">
        <span>{label}</span>
        <textarea
          rows={path === "options.content" ? 10 : 2}
          value={textOf(value)}
          onInput={(event) => put(event.currentTarget.value)}
          data-testid={testid}
        />
      </label>
    );
  const read = (text: string): unknown =>
    text.trim() === "" ? undefined : input === "number" ? Number(text) : text;
  const about = {
    placeholder: hint ?? "",
    value: textOf(value),
    onInput: (event: { readonly currentTarget: HTMLInputElement }) => put(read(event.currentTarget.value)),
    "data-testid": testid,
  };
  return (
    <label class="look-line">
      <span>{label}</span>
      {input === "number" ? <input type="number" step="any" {...about} /> : <input {...about} />}
    </label>
  );
}

function Switch(props: { label: string; on: boolean; put: (on: boolean) => void; testid?: string }) {
  return (
    <label class="switch">
      <input
        type="checkbox"
        checked={props.on}
        onChange={(event) => props.put(event.currentTarget.checked)}
        data-testid={props.testid}
      />
      <span>{props.label}</span>
    </label>
  );
}

function ChoiceField(props: {
  choices: Choices;
  value: unknown;
  put: (next: unknown) => void;
  testid: string;
}) {
  const { choices, value, put, testid } = props;
  const index = choices.findIndex(([one]) => one === value);
  return (
    <select
      value={String(index)}
      onChange={(event) => put(choices[Number(event.currentTarget.value)]?.[0])}
      data-testid={testid}
    >
      {index >= 0 ? null : <option value="-1">{typeof value === "string" ? value : "own setting"}</option>}
      {choices.map(([one, text], i) => (
        <option key={String(one)} value={i} data-value={String(one)}>
          {text}
        </option>
      ))}
    </select>
  );
}

type ListProps = { label: string; value: unknown; put: (next: unknown) => void };

const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];

const toggled = (chosen: readonly string[], name: string, on: boolean): string[] =>
  on ? [...chosen, name] : chosen.filter((one) => one !== name);

const REDUCERS = ["lastNotNull", "min", "mean", "max", "sum"];

function Reducers({ label, value, put, testid }: ListProps & { testid: string }) {
  const chosen = textsOf(value);
  const all = [...REDUCERS, ...chosen.filter((one) => !REDUCERS.includes(one))];
  const rest = Object.keys(REDUCER_TITLES).filter((one) => !all.includes(one));
  // The figures of a legend have had this name in tests and links since they were the only ones.
  const name = testid.startsWith("look-") ? "look-calc" : testid;
  return (
    <fieldset class="reducers">
      <legend>{label}</legend>
      {all.map((one) => (
        <Switch
          key={one}
          label={REDUCER_TITLES[one] ?? one}
          on={chosen.includes(one)}
          put={(on) => put(toggled(chosen, one, on))}
          testid={`${name}-${one}`}
        />
      ))}
      <select
        class="adder"
        aria-label={`${label}: another one`}
        value=""
        onChange={(event) => {
          put([...chosen, event.currentTarget.value]);
          event.currentTarget.value = "";
        }}
      >
        <option value="">+ another</option>
        {rest.map((one) => (
          <option key={one} value={one}>
            {REDUCER_TITLES[one]}
          </option>
        ))}
      </select>
    </fieldset>
  );
}

function FieldChecks({ label, value, put, fields }: ListProps & { fields: readonly string[] }) {
  const chosen = textsOf(value);
  const all = [...fields, ...chosen.filter((one) => !fields.includes(one))];
  return (
    <fieldset class="reducers">
      <legend>{label}</legend>
      {all.map((one) => (
        <Switch key={one} label={one} on={chosen.includes(one)} put={(on) => put(toggled(chosen, one, on))} />
      ))}
      {all.length === 0 ? <p class="hint">No fields yet: the queries have brought none.</p> : null}
    </fieldset>
  );
}

const PLACES = [
  ["viz", "the picture"],
  ["legend", "the legend"],
  ["tooltip", "the tooltip"],
] as const;

function Hidden({ label, value, put, testid }: ListProps & { testid: string }) {
  const now = { legend: false, tooltip: false, viz: false, ...(value as object | null) };
  return (
    <fieldset class="reducers">
      <legend>{label}</legend>
      {PLACES.map(([place, name]) => (
        <Switch
          key={place}
          label={name}
          on={now[place]}
          put={(on) => put({ ...now, [place]: on })}
          testid={`${testid}-${place}`}
        />
      ))}
    </fieldset>
  );
}
