/** The options of a device program as a form; what is set here is retained, and outlasts its restarts. */
import { useSignal } from "@preact/signals";
import { api } from "../api";
import { CopyButton } from "../panels/CopyButton";
import { formOf, payloadOf, typed, type AppOption, type OptionValue } from "./appOptions";
import { commandOf } from "./payload";
import { messages } from "./state";

export function OptionsForm({ config }: { config: string }) {
  const changed = useSignal<ReadonlyMap<string, OptionValue>>(new Map());
  const problem = useSignal<string | null>(null);
  const form = formOf(messages.value[0]);
  if (form === null) return null;
  const sent = {
    topic: config,
    payload: payloadOf(form.options, changed.value),
    qos: 1,
    retained: true,
  };
  const publish = (payload: string): void => {
    problem.value = null;
    api.publish({ ...sent, payload }).then(
      () => (changed.value = new Map()),
      (cause: unknown) => (problem.value = cause instanceof Error ? cause.message : String(cause)),
    );
  };
  const change = (name: string, value: OptionValue): void => {
    changed.value = new Map(changed.value).set(name, value);
  };
  const wrong = problem.value ?? form.error;
  return (
    <form
      class="topic-store"
      onSubmit={(event) => {
        event.preventDefault();
        publish(sent.payload);
      }}
      data-testid="app-options"
    >
      {form.options.map((option) => (
        <label class="field" key={option.name}>
          {[option.name, option.help].filter((word) => word).join(": ")}
          {option.set ? " (set from the hub)" : ""}
          <OptionInput
            option={option}
            value={changed.value.has(option.name) ? (changed.value.get(option.name) ?? null) : option.value}
            change={(value) => change(option.name, value)}
          />
        </label>
      ))}
      {wrong === null ? null : (
        <p class="problem" role="alert">
          {wrong}
        </p>
      )}
      <div class="buttons">
        <button
          type="submit"
          class="button primary"
          disabled={changed.value.size === 0}
          data-testid="app-options-set"
        >
          Set
        </button>
        {form.options.some((option) => option.set) ? (
          <button type="button" class="button" onClick={() => publish("")} data-testid="app-options-back">
            As the program was started
          </button>
        ) : null}
      </div>
      {changed.value.size === 0 ? null : (
        <div class="topic-command">
          <code>{commandOf("helio pub", sent)}</code>
          <CopyButton text={commandOf("helio pub", sent)} />
        </div>
      )}
    </form>
  );
}

interface InputProps {
  readonly option: AppOption;
  readonly value: OptionValue;
  readonly change: (value: OptionValue) => void;
}

function OptionInput({ option, value, change }: InputProps) {
  const id = `app-option-${option.name}`;
  const choices = option.kind === "bool" ? [true, false] : option.choices;
  if (choices !== undefined) {
    return (
      <select
        value={String(value)}
        onChange={(event) => {
          const text = event.currentTarget.value;
          change(option.kind === "bool" ? text === "true" : typed(option, text));
        }}
        data-testid={id}
      >
        {choices.map((choice) => (
          <option key={String(choice)} value={String(choice)}>
            {String(choice)}
          </option>
        ))}
      </select>
    );
  }
  return (
    <input
      value={value === null ? "" : String(value)}
      placeholder={boundsOf(option)}
      onInput={(event) => change(typed(option, event.currentTarget.value))}
      data-testid={id}
    />
  );
}

function boundsOf(option: AppOption): string {
  if (option.min === undefined && option.max === undefined) return option.kind;
  return `${option.kind}, ${option.min ?? ""} to ${option.max ?? ""}`;
}
