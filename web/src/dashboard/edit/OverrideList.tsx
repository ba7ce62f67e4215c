/** Settings for single series, each for those of a name, a pattern, a type or a query; later ones win. */
import type { Override, PanelModel } from "../model";
import { choicesOf, Combo } from "./Combo";
import { fieldsIn, framesNow, type KnownField } from "./fieldsNow";
import type { Choices } from "./looksOfKinds";
import { beginning, FIELD_TYPES, MATCHERS, propertiesFor, propertyOf } from "./overrides";
import { getAt, replaced, setAt, swapped } from "./paths";
import { SettingField } from "./SettingField";
import { Tool } from "./Tool";

type Set = (path: string, value: unknown, about?: string | null) => void;

export const OVERRIDES = "fieldConfig.overrides";

export function OverrideList({ panel, set }: { panel: PanelModel; set: Set }) {
  const list = panel.fieldConfig?.overrides ?? [];
  const fields = fieldsIn(framesNow(panel));
  const put = (next: readonly Override[], about?: string): void =>
    set(OVERRIDES, next, about === undefined ? null : `${OVERRIDES} ${about}`);
  const add = (): void => {
    const name = fields.find(({ type }) => type !== "time")?.title ?? "";
    put([...list, { matcher: { id: "byName", options: name }, properties: [] }]);
  };
  return (
    <div class="list-editor" role="group" aria-label="Settings of single series">
      {list.map((override, i) => (
        <OverrideCard
          key={i}
          panel={panel}
          override={override}
          number={i + 1}
          fields={fields}
          change={(next, about) =>
            put(replaced(list, i, next), about === undefined ? undefined : `${i} ${about}`)
          }
          up={i === 0 ? null : () => put(swapped(list, i, -1))}
          remove={() => put(replaced(list, i, null))}
        />
      ))}
      <button type="button" class="button small" onClick={add} data-testid="override-add">
        Add settings for a series
      </button>
    </div>
  );
}

interface CardProps {
  readonly panel: PanelModel;
  readonly override: Override;
  readonly number: number;
  readonly fields: readonly KnownField[];
  readonly change: (next: Override, about?: string) => void;
  readonly up: (() => void) | null;
  readonly remove: () => void;
}

function OverrideCard({ panel, override, number, fields, change, up, remove }: CardProps) {
  const { properties } = override;
  const offered = propertiesFor(panel.type, override);
  const setProperty = (index: number, value: unknown, about: string): void => {
    const old = properties[index];
    if (old !== undefined)
      change({ ...override, properties: replaced(properties, index, { ...old, value }) }, about);
  };
  return (
    <div class="list-card" role="group" aria-label={`Settings ${number}`} data-override={number}>
      <div class="list-card-head">
        <span class="hint grow">{HEADS[override.matcher.id] ?? "For some series"}</span>
        <Tool label={`Move settings ${number} up`} sign="↑" run={up} />
        <Tool
          label={`Remove settings ${number}`}
          sign="×"
          run={remove}
          testid={`override-${number}-remove`}
        />
      </div>
      <Matcher override={override} number={number} fields={fields} panel={panel} change={change} />
      {properties.map(({ id, value }, i) => (
        <div key={id} class="property" data-property={id}>
          <PropertyField
            id={id}
            value={value}
            testid={`override-${number}-${id.replace("custom.", "")}`}
            put={(next, about) => setProperty(i, next, `${id} ${about ?? ""}`)}
          />
          <Tool
            label={`Remove ${propertyOf(id)?.setting.label ?? id} of settings ${number}`}
            sign="×"
            run={() => change({ ...override, properties: replaced(properties, i, null) })}
          />
        </div>
      ))}
      <select
        class="adder"
        aria-label={`Add a setting to settings ${number}`}
        value=""
        onChange={(event) => {
          const id = event.currentTarget.value;
          change({ ...override, properties: [...properties, { id, value: propertyOf(id)?.begin }] });
          event.currentTarget.value = "";
        }}
        data-testid={`override-${number}-add`}
      >
        <option value="">+ setting</option>
        {offered.map(({ id, setting }) => (
          <option key={id} value={id}>
            {setting.label}
          </option>
        ))}
      </select>
    </div>
  );
}

const HEADS: Readonly<Record<string, string>> = {
  byName: "For one series",
  byRegexp: "For series whose names fit",
  byRegex: "For series whose names fit",
  byType: "For one type of values",
  byFrameRefID: "For one query",
};

function Matcher(props: Pick<CardProps, "override" | "number" | "fields" | "panel" | "change">) {
  const { override, number, fields, panel, change } = props;
  const { id, options } = override.matcher;
  const about = { name: fields[0]?.title ?? "", refId: panel.targets?.[0]?.refId ?? "A" };
  const put = (next: string): void =>
    change({ ...override, matcher: { ...override.matcher, options: next } }, "matcher");
  const kind = id === "byRegex" ? "byRegexp" : id;
  const known = MATCHERS.some(([one]) => one === kind);
  return (
    <div class="list-card-line">
      <select
        aria-label={`How settings ${number} find their series`}
        value={kind}
        onChange={(event) => {
          const next = event.currentTarget.value;
          change({ ...override, matcher: { id: next, options: beginning(next, about) } });
        }}
        data-testid={`override-${number}-matcher`}
      >
        {known ? null : <option value={id}>{id}, kept as it is</option>}
        {MATCHERS.map(([one, name]) => (
          <option key={one} value={one}>
            {name}
          </option>
        ))}
      </select>
      {known ? (
        <Wanted
          kind={kind}
          value={typeof options === "string" ? options : ""}
          number={number}
          fields={fields}
          panel={panel}
          put={put}
        />
      ) : null}
    </div>
  );
}

interface WantedProps extends Pick<CardProps, "number" | "fields" | "panel"> {
  readonly kind: string;
  readonly value: string;
  readonly put: (next: string) => void;
}

function Wanted({ kind, value, number, fields, panel, put }: WantedProps) {
  const label = `Series of settings ${number}`;
  const testid = `override-${number}-series`;
  if (kind === "byName")
    return (
      <Combo
        label={label}
        value={value}
        choices={choicesOf(fields.map(({ title }) => title))}
        placeholder="name"
        choose={put}
        testid={testid}
      />
    );
  if (kind === "byRegexp")
    return (
      <input
        class="grow"
        aria-label={label}
        value={value}
        onInput={(event) => put(event.currentTarget.value)}
        data-testid={testid}
      />
    );
  const choices: Choices =
    kind === "byType" ? FIELD_TYPES : (panel.targets ?? []).map(({ refId }) => [refId, `query ${refId}`]);
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => put(event.currentTarget.value)}
      data-testid={testid}
    >
      {choices.some(([one]) => one === value) ? null : <option value={value}>{value}</option>}
      {choices.map(([one, text]) => (
        <option key={String(one)} value={String(one)}>
          {text}
        </option>
      ))}
    </select>
  );
}

function PropertyField(props: {
  id: string;
  value: unknown;
  testid: string;
  put: (next: unknown, about?: string) => void;
}) {
  const { id, value, testid, put } = props;
  const known = propertyOf(id);
  if (known === undefined)
    return (
      <p class="hint grow">
        <code>{id}</code> is kept as it is.
      </p>
    );
  const { setting } = known;
  const inner = setting.path;
  const titled = ["thresholds", "mappings", "links"].includes(setting.input);
  return (
    <div class="grow">
      {titled ? <p class="property-name">{setting.label}</p> : null}
      <SettingField
        setting={setting}
        value={inner === "" ? value : getAt(value, inner)}
        put={(next, about) => put(inner === "" ? next : setAt(value ?? known.begin, inner, next), about)}
        testid={testid}
      />
    </div>
  );
}
