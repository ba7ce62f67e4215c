/** What is said of a dashboard as a whole: its name, its times, its variables. */
import { useSignal } from "@preact/signals";
import type { DashboardView } from "../model";
import { parseInterval } from "../time";
import { Dialog } from "./Dialog";
import { apply, edited } from "./editing";
import { VariableList } from "./VariableList";

const TABS = [
  ["about", "Dashboard"],
  ["variables", "Variables"],
] as const;

export function SettingsDialog({ close }: { close: () => void }) {
  const tab = useSignal<(typeof TABS)[number][0]>("about");
  return (
    <Dialog title="Settings" close={close} testid="settings-dialog" wide>
      <div class="dialog-form">
        <div class="segments" role="tablist" aria-label="Settings">
          {TABS.map(([id, name]) => (
            <button
              key={id}
              type="button"
              role="tab"
              aria-selected={tab.value === id}
              class={tab.value === id ? "button small chosen" : "button small"}
              onClick={() => (tab.value = id)}
              data-testid={`settings-${id}`}
            >
              {name}
            </button>
          ))}
        </div>
        {tab.value === "about" ? <About /> : <VariableList />}
        <p class="hint">What is changed here is saved with the dashboard.</p>
      </div>
    </Dialog>
  );
}

const set = (changes: Partial<DashboardView>, about: string): void =>
  apply((view) => ({ ...view, ...changes }), about);

function About() {
  const view = edited.value;
  const refresh = typeof view.refresh === "string" ? view.refresh : "";
  const time = { from: view.time?.from ?? "now-6h", to: view.time?.to ?? "now" };
  return (
    <>
      <TextField
        label="Title"
        value={view.title ?? ""}
        put={(title) => set({ title }, "title")}
        testid="title"
      />
      <TextField
        label="Tags, with commas between them"
        value={(view.tags ?? []).join(", ")}
        put={(text) =>
          set(
            {
              tags: text
                .split(",")
                .map((tag) => tag.trim())
                .filter(Boolean),
            },
            "tags",
          )
        }
        testid="tags"
        late
      />
      <div class="field-row">
        <TextField
          label="Shown from"
          value={time.from}
          put={(from) => set({ time: { ...time, from } }, "from")}
          testid="from"
          late
        />
        <TextField
          label="to"
          value={time.to}
          put={(to) => set({ time: { ...time, to } }, "to")}
          testid="to"
          late
        />
        <TextField
          label="Refreshed every (empty: as points come)"
          value={refresh}
          put={(text) => {
            if (text === "" || parseInterval(text) !== undefined) set({ refresh: text }, "refresh");
          }}
          testid="refresh"
          late
        />
      </div>
      <div class="field-row">
        <label class="field">
          <span>Time zone</span>
          <select
            value={view.timezone ?? ""}
            onChange={(event) => set({ timezone: event.currentTarget.value }, "timezone")}
          >
            {[...new Set(["", "browser", "utc", view.timezone ?? ""])].map((zone) => (
              <option key={zone} value={zone}>
                {zone === "" ? "as the viewer likes" : zone === "browser" ? "the viewer's" : zone}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>Cross hair</span>
          <select
            value={String(view.graphTooltip ?? 0)}
            onChange={(event) => set({ graphTooltip: Number(event.currentTarget.value) }, "tooltip")}
          >
            <option value="0">in each panel alone</option>
            <option value="1">in all panels</option>
            <option value="2">in all panels, with values</option>
          </select>
        </label>
      </div>
    </>
  );
}

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly put: (text: string) => void;
  readonly testid: string;
  /** Taken when the field is left, not with every letter. */
  readonly late?: boolean;
}

function TextField({ label, value, put, testid, late }: TextFieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        value={value}
        onInput={(event) => {
          if (late !== true) put(event.currentTarget.value);
        }}
        onChange={(event) => {
          if (late === true) put(event.currentTarget.value.trim());
        }}
        data-testid={`settings-${testid}`}
      />
    </label>
  );
}
