/** When nobody is told: the silences that are there, and a form for another one. */
import { useSignal } from "@preact/signals";
import { formatDayClock } from "../clock";
import { hubNowMs, utc } from "../state";
import { type AskedSilence, rules, type Silence } from "./client";
import type { Act } from "./RulesPage";
import { DAYS, onceAt, timesOf, weeklyAt } from "./silenceTimes";

type Kind = "once" | "weekly";

export function Silences({ silences, act }: { silences: readonly Silence[]; act: Act }) {
  const isAsked = useSignal(false);
  return (
    <section class="panel" data-testid="silences">
      <header class="panel-head">
        <h3 aria-level={2}>Silences</h3>
        <button
          type="button"
          class="button small"
          onClick={() => (isAsked.value = !isAsked.value)}
          data-testid="silence-new"
        >
          {isAsked.value ? "Cancel" : "New silence"}
        </button>
      </header>
      {isAsked.value ? <NewSilence act={act} close={() => (isAsked.value = false)} /> : null}
      <ul class="rule-list">
        {silences.map((one) => (
          <li key={one.id}>
            <bdi>{one.rule}</bdi> {timesOf(one, hubNowMs(), (ms) => formatDayClock(ms, utc.value))}
            {one.holds ? <strong> now</strong> : null} {one.note}
            <button
              type="button"
              class="button small"
              onClick={() => act(rules.endSilence(one.id), "Ended the silence.")}
            >
              End it
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function NewSilence({ act, close }: { act: Act; close: () => void }) {
  const rule = useSignal("*");
  const kind = useSignal<Kind>("once");
  const start = useSignal("");
  const length = useSignal("1h");
  const days = useSignal<ReadonlySet<string>>(new Set(["sun"]));
  const from = useSignal("02:00");
  const to = useSignal("04:00");
  const note = useSignal("");
  const add = (event: Event): void => {
    event.preventDefault();
    const times =
      kind.value === "once"
        ? onceAt(start.value, length.value, utc.value)
        : weeklyAt([...days.value], from.value, to.value, zoneHere());
    const asked: AskedSilence = { rule: rule.value.trim(), note: note.value.trim(), ...times };
    act(rules.silence(asked).then(close), `Nobody is told about ${asked.rule} then.`);
  };
  const text = (
    label: string,
    value: typeof rule,
    type: "text" | "time" | "datetime-local" = "text",
    placeholder = "",
  ) => {
    const told = {
      "aria-label": label,
      placeholder,
      value: value.value,
      onInput: (event: Event) => (value.value = (event.currentTarget as HTMLInputElement).value),
    };
    return (
      <label>
        {label} {type === "text" ? <input type="text" {...told} /> : <input type={type} {...told} />}
      </label>
    );
  };
  const toggle = (day: string): void => {
    const some = new Set(days.value);
    if (!some.delete(day)) some.add(day);
    days.value = some;
  };
  return (
    <form class="silence-new" onSubmit={add} data-testid="silence-form">
      {text("Rules", rule, "text", "disk-*")}
      <select
        aria-label="How often"
        value={kind.value}
        onChange={(event) => (kind.value = event.currentTarget.value as Kind)}
      >
        <option value="once">once</option>
        <option value="weekly">each week</option>
      </select>
      {kind.value === "once" ? (
        <>
          {text("from", start, "datetime-local")}
          {text("for", length, "text", "8h")}
        </>
      ) : (
        <>
          {DAYS.map((day) => (
            <label key={day}>
              <input type="checkbox" checked={days.value.has(day)} onChange={() => toggle(day)} /> {day}
            </label>
          ))}
          {text("from", from, "time")}
          {text("to", to, "time")}
          <span class="source">{zoneHere()}</span>
        </>
      )}
      {text("Why", note)}
      <button type="submit" class="button small primary" disabled={rule.value.trim() === ""}>
        Add
      </button>
    </form>
  );
}

/** The clock by which this page is read. */
const zoneHere = (): string => (utc.value ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone);
