/** A form for a token: what it may read, write, publish and subscribe to, and until when. */
import { useSignal } from "@preact/signals";
import type { Act } from "./AccessPage";
import { access, wordsOf } from "./client";

const FIELDS = [
  ["read", "reads buckets", "sensors, * for all"],
  ["write", "writes buckets", ""],
  ["publish", "publishes topics", "cmd/+/lamp"],
  ["subscribe", "subscribes topics", "tel/#"],
] as const;
type Field = (typeof FIELDS)[number][0];
const NONE: Readonly<Record<Field, string>> = { read: "", write: "", publish: "", subscribe: "" };

export function NewTokenForm({ act }: { act: Act }) {
  const description = useSignal("");
  const rights = useSignal(NONE);
  const days = useSignal("");
  const add = (event: Event): void => {
    event.preventDefault();
    const name = description.value.trim();
    const asked = {
      description: name,
      read: wordsOf(rights.value.read),
      write: wordsOf(rights.value.write),
      publish: wordsOf(rights.value.publish),
      subscribe: wordsOf(rights.value.subscribe),
      days: /^\d+$/.test(days.value) ? Number(days.value) : null,
    };
    const made = access.addToken(asked).then(({ token }) => {
      description.value = days.value = "";
      rights.value = NONE;
      return { what: `Token of ${name}`, text: token };
    });
    act(made, `${name} has a token.`);
  };
  return (
    <form class="access-new" onSubmit={add} data-testid="access-new-token">
      <input
        type="text"
        aria-label="What the token is for"
        placeholder="for whom"
        value={description.value}
        onInput={(event) => (description.value = event.currentTarget.value)}
      />
      {FIELDS.map(([field, label, example]) => (
        <input
          key={field}
          type="text"
          aria-label={label}
          placeholder={example === "" ? label : `${label}: ${example}`}
          value={rights.value[field]}
          onInput={(event) => (rights.value = { ...rights.value, [field]: event.currentTarget.value })}
        />
      ))}
      <input
        type="text"
        inputMode="numeric"
        aria-label="Days until it ends"
        placeholder="days"
        value={days.value}
        onInput={(event) => (days.value = event.currentTarget.value)}
      />
      <button type="submit" class="button small" disabled={description.value.trim() === ""}>
        Add
      </button>
    </form>
  );
}
