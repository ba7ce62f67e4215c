/** Publish a message, clear a retained one, or take the command that does the same. */
import { useSignal } from "@preact/signals";
import { api } from "../api";
import { CopyButton } from "../panels/CopyButton";
import { commandOf, textOf } from "./payload";
import { detail, messages } from "./state";

export function PublishBox({ topic }: { topic: string | null }) {
  const to = useSignal(topic ?? "");
  const payload = useSignal("");
  const qos = useSignal(0);
  const retained = useSignal(false);
  const said = useSignal<{ text: string; bad: boolean } | null>(null);
  const sent = { topic: to.value, payload: payload.value, qos: qos.value, retained: retained.value };

  const publish = (what: typeof sent, done: string): void => {
    said.value = null;
    api.publish(what).then(
      () => (said.value = { text: done, bad: false }),
      (cause: unknown) =>
        (said.value = { text: cause instanceof Error ? cause.message : String(cause), bad: true }),
    );
  };
  const clear = (): void => {
    if (!confirm(`Remove the retained message of ${to.value}?`)) return;
    publish({ ...sent, payload: "", qos: 1, retained: true }, "Removed.");
  };
  const repeat = (): void => {
    const last = messages.value[0];
    if (last !== undefined) payload.value = textOf(last) ?? "";
  };
  return (
    <form
      class="panel topic-publish"
      onSubmit={(event) => {
        event.preventDefault();
        publish(sent, "Published.");
      }}
      data-testid="publish"
    >
      <h3>Publish</h3>
      <input
        aria-label="Topic"
        placeholder="topic"
        value={to.value}
        onInput={(event) => (to.value = event.currentTarget.value)}
        data-testid="publish-topic"
      />
      <textarea
        aria-label="Payload"
        placeholder="payload"
        rows={3}
        value={payload.value}
        onInput={(event) => (payload.value = event.currentTarget.value)}
        data-testid="publish-payload"
      />
      <div class="buttons">
        <select
          aria-label="Quality of service"
          value={qos.value}
          onChange={(event) => (qos.value = Number(event.currentTarget.value))}
        >
          {[0, 1, 2].map((level) => (
            <option key={level} value={level}>{`QoS ${level}`}</option>
          ))}
        </select>
        <label class="switch">
          <input
            type="checkbox"
            checked={retained.value}
            onChange={(event) => (retained.value = event.currentTarget.checked)}
          />
          retained
        </label>
        <button type="submit" class="button primary" disabled={to.value === ""}>
          Publish
        </button>
        {messages.value.length > 0 ? (
          <button type="button" class="button" onClick={repeat}>
            Take the last payload
          </button>
        ) : null}
        {detail.value?.retained === true ? (
          <button type="button" class="button" onClick={clear} data-testid="clear-retained">
            Clear retained
          </button>
        ) : null}
      </div>
      {said.value === null ? null : (
        <p class={said.value.bad ? "problem" : "hint"} role="status" data-testid="publish-said">
          {said.value.text}
        </p>
      )}
      {to.value === ""
        ? null
        : (["helio pub", "mosquitto_pub"] as const).map((program) => (
            <div class="topic-command" key={program}>
              <code>{commandOf(program, sent)}</code>
              <CopyButton text={commandOf(program, sent)} />
            </div>
          ))}
    </form>
  );
}
