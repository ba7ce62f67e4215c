/** How the panel that is edited looks: kind, title, unit, the settings of its kind, and those of single series. */
import type { ComponentChildren } from "preact";
import type { PanelModel } from "../model";
import { AxisList } from "./AxisList";
import { applyTo } from "./editing";
import { LinkList } from "./LinkList";
import { groupsFor, UNASKING, VISUALISATIONS } from "./looks";
import type { Group, Setting } from "./looksOfKinds";
import { MappingEditor } from "./MappingEditor";
import { OverrideList } from "./OverrideList";
import { getAt, setAt } from "./paths";
import { Repeat } from "./Repeat";
import { SettingField } from "./SettingField";
import { ThresholdEditor } from "./ThresholdEditor";

/** Puts a value at a path of the panel; `about` joins steps to one, null makes each a step of its own. */
export type Set = (path: string, value: unknown, about?: string | null) => void;

const UNIT: Setting = { path: "fieldConfig.defaults.unit", label: "Unit", input: "unit" };
const OPEN = new Set(["Lines", "Numbers", "Text"]);

export function Look({ panel }: { panel: PanelModel }) {
  const set: Set = (path, value, about = path) => applyTo(panel.id, about, (now) => setAt(now, path, value));
  const asks = !UNASKING.has(panel.type);
  return (
    <aside class="panel look" aria-label="Look of the panel">
      <label class="field">
        <span>Title</span>
        <input
          value={panel.title ?? ""}
          onInput={(event) => set("title", event.currentTarget.value)}
          data-testid="look-title"
        />
      </label>
      <KindChoice panel={panel} />
      {asks ? <OneSetting setting={UNIT} panel={panel} set={set} /> : null}
      {groupsFor(panel.type).map((group) => (
        <GroupView key={group.name} group={group} panel={panel} set={set} />
      ))}
      {asks ? <Lists panel={panel} set={set} /> : null}
      <Section name="Links of the panel" count={panel.links?.length ?? 0} testid="panel-links">
        <LinkList
          value={panel.links}
          put={(next, about) => set("links", next, about === undefined ? null : `links ${about}`)}
          what="panel"
        />
      </Section>
    </aside>
  );
}

interface PartProps {
  readonly panel: PanelModel;
  readonly set: Set;
}

function GroupView({ group, panel, set }: PartProps & { group: Group }) {
  const { name, settings } = group;
  return (
    <details class="look-group" open={OPEN.has(name)}>
      <summary>{name}</summary>
      {settings.map((setting) => (
        <OneSetting key={setting.path} setting={setting} panel={panel} set={set} />
      ))}
      {name === "Lines" ? <AxisList panel={panel} set={set} /> : null}
      {name === "Time and asking" ? <Repeat panel={panel} set={set} /> : null}
    </details>
  );
}

function OneSetting({ setting, panel, set }: PartProps & { setting: Setting }) {
  const { path } = setting;
  const name = path.replace(/^(fieldConfig\.defaults\.(custom\.)?|options\.)/, "").replaceAll(".", "-");
  return (
    <SettingField
      setting={setting}
      value={getAt(panel, path)}
      put={(next) => set(path, next)}
      testid={`look-${name}`}
    />
  );
}

const D = "fieldConfig.defaults";

/** What is a list: thresholds, mappings, links of values, settings of single series. */
function Lists({ panel, set }: PartProps) {
  const defaults = panel.fieldConfig?.defaults ?? {};
  const into =
    (path: string) =>
    (next: unknown, about?: string): void =>
      set(path, next, about === undefined ? null : `${path} ${about}`);
  return (
    <>
      <Section name="Thresholds" open={defaults.thresholds !== undefined} testid="thresholds">
        <ThresholdEditor value={defaults.thresholds} put={into(`${D}.thresholds`)} />
      </Section>
      <Section name="Value mappings" count={defaults.mappings?.length ?? 0} testid="mappings">
        <MappingEditor value={defaults.mappings} put={into(`${D}.mappings`)} />
      </Section>
      <Section
        name="Single series"
        count={panel.fieldConfig?.overrides?.length ?? 0}
        open={(panel.fieldConfig?.overrides?.length ?? 0) > 0}
        testid="overrides"
      >
        <OverrideList panel={panel} set={set} />
      </Section>
      <Section name="Data links" count={defaults.links?.length ?? 0} testid="data-links">
        <LinkList value={defaults.links} put={into(`${D}.links`)} what="data" />
      </Section>
    </>
  );
}

function Section(props: {
  name: string;
  count?: number;
  open?: boolean;
  testid: string;
  children: ComponentChildren;
}) {
  const { name, count = 0, open = false, testid, children } = props;
  return (
    <details class="look-group" open={open} data-testid={testid}>
      <summary>
        {name}
        {count === 0 ? null : <span class="hint"> {count}</span>}
      </summary>
      {children}
    </details>
  );
}

function KindChoice({ panel }: { panel: PanelModel }) {
  const known = VISUALISATIONS.some(([type]) => type === panel.type);
  return (
    <label class="field">
      <span>Visualisation</span>
      <select
        value={panel.type}
        onChange={(event) => {
          const type = event.currentTarget.value;
          applyTo(panel.id, null, (now) => ({
            ...now,
            type,
            "x-helio": { ...now["x-helio"], degraded: [], unsupported: null },
          }));
        }}
        data-testid="look-type"
      >
        {known ? null : <option value={panel.type}>{panel.type}</option>}
        {VISUALISATIONS.map(([type, name]) => (
          <option key={type} value={type}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
