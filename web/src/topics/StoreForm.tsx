/** "Store this topic": a rule to be changed, and what it would make of the last messages. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api } from "../api";
import { formatClock } from "../clock";
import { CopyButton } from "../panels/CopyButton";
import { utc } from "../state";
import { namesIn, PARSERS, type IngestRule, type RulePreview } from "./keeping";

const LATER_MS = 250;
const SHOWN = 8;

interface Props {
  readonly topic: string;
  readonly proposal: IngestRule;
  /** Called with whether the rule holds now. */
  readonly done: (isAdded: boolean) => void;
}

export function StoreForm({ topic, proposal, done }: Props) {
  const name = useSignal(proposal.name);
  const filter = useSignal(proposal.topic);
  const parser = useSignal(proposal.parser);
  const measurement = useSignal(proposal.measurement ?? "");
  const fields = useSignal((proposal.fields ?? []).join(", "));
  const shown = useSignal<RulePreview | null>(null);
  const problem = useSignal<string | null>(null);
  const rule: IngestRule = {
    name: name.value,
    topic: filter.value,
    parser: parser.value,
    measurement: measurement.value,
    fields: namesIn(fields.value),
  };
  const asked = JSON.stringify(rule);
  const tell = (cause: unknown): void => {
    problem.value = cause instanceof Error ? cause.message : String(cause);
  };
  useEffect(() => {
    let isWanted = true;
    const timer = setTimeout(() => {
      api.previewRule(topic, rule).then(
        (answer) => {
          if (isWanted) [shown.value, problem.value] = [answer, null];
        },
        (cause: unknown) => {
          if (isWanted) tell(cause);
        },
      );
    }, LATER_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [topic, asked]);
  const save = (): void => {
    api.addRule(rule).then(() => done(true), tell);
  };
  const text = (label: string, value: typeof name, hint: string, id: string) => (
    <label class="field">
      {label}
      <input
        value={value.value}
        placeholder={hint}
        onInput={(event) => (value.value = event.currentTarget.value)}
        data-testid={id}
      />
    </label>
  );
  return (
    <form
      class="topic-store"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
      data-testid="store-form"
    >
      {text(
        "Topics: {room} in place of a level makes it a tag, + is any, # is all that follows",
        filter,
        topic,
        "store-filter",
      )}
      <div class="topic-store-row">
        <label class="field">
          Payload
          <select value={parser.value} onChange={(event) => (parser.value = event.currentTarget.value)}>
            {PARSERS.map((form) => (
              <option key={form} value={form}>
                {form}
              </option>
            ))}
          </select>
        </label>
        {text("Measurement", measurement, "as the payload says", "store-measurement")}
        {text("Fields", fields, "all numbers; or t, power=ENERGY.Power", "store-fields")}
        {text("Name of the rule", name, "rooms", "store-name")}
      </div>
      <Previewed shown={shown.value} />
      {problem.value === null ? null : (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      <div class="buttons">
        <button
          type="submit"
          class="button primary"
          disabled={problem.value !== null}
          data-testid="store-save"
        >
          Store from now on
        </button>
        <button type="button" class="button" onClick={() => done(false)}>
          Leave it
        </button>
      </div>
      {shown.value === null ? null : (
        <div class="topic-command">
          <code>{shown.value.command}</code>
          <CopyButton text={shown.value.command} />
        </div>
      )}
    </form>
  );
}

function Previewed({ shown }: { shown: RulePreview | null }) {
  if (shown === null) return <p class="hint">Looking at the last messages …</p>;
  return (
    <div data-testid="store-preview">
      <p class="hint">What it would make of the last messages:</p>
      <ol class="topic-preview">
        {shown.messages.slice(0, SHOWN).map((message, index) => (
          <li key={`${message.time_ms} ${index}`}>
            <span>{formatClock(message.time_ms, utc.value)}</span>
            {message.reason === null ? (
              <code>{message.lines.join("\n")}</code>
            ) : (
              <span class="problem">{message.reason}</span>
            )}
          </li>
        ))}
      </ol>
    </div>
  );
}
