/** A field with a list of what may be chosen; anything else may be typed, too. */
import { useSignal } from "@preact/signals";
import { useId, useRef } from "preact/hooks";

export interface Choice {
  readonly value: string;
  readonly text?: string;
  readonly hint?: string;
}

interface Props {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly Choice[];
  readonly choose: (value: string) => void;
  readonly placeholder?: string;
  readonly loading?: boolean;
  readonly testid?: string;
  /** What is shown for the value while it is not being changed. */
  readonly shown?: string;
}

const MOST = 200;

function matching(choices: readonly Choice[], typed: string): Choice[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const text = ({ value, text: name, hint }: Choice): string =>
    `${value} ${name ?? ""} ${hint ?? ""}`.toLowerCase();
  return choices.filter((choice) => words.every((word) => text(choice).includes(word)));
}

export function Combo({ label, value, choices, choose, placeholder, loading, testid, shown }: Props) {
  const id = useId();
  const typed = useSignal<string | null>(null);
  const at = useSignal(-1);
  const input = useRef<HTMLInputElement>(null);
  const found = typed.value === null ? [] : matching(choices, typed.value).slice(0, MOST);
  const take = (next: string): void => {
    typed.value = null;
    at.value = -1;
    if (next !== value) choose(next);
  };
  const open = (): void => {
    typed.value = "";
    at.value = -1;
  };
  const step = (by: number): void => {
    if (typed.value === null) open();
    else at.value = Math.max(-1, Math.min(found.length - 1, at.value + by));
    document.getElementById(`${id}-${at.value}`)?.scrollIntoView({ block: "nearest" });
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowUp") step(-1);
    else if (event.key === "Enter" && typed.value !== null)
      take(found[at.value]?.value ?? (typed.value || value));
    else if (event.key === "Escape" && typed.value !== null) typed.value = null;
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const leave = (): void => {
    const text = typed.value;
    if (text !== null) take(text.trim() === "" ? value : text.trim());
  };
  return (
    <div class="combo">
      <input
        ref={input}
        type="text"
        role="combobox"
        aria-label={label}
        aria-expanded={typed.value !== null}
        aria-controls={typed.value === null ? undefined : `${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={at.value >= 0 ? `${id}-${at.value}` : undefined}
        autocomplete="off"
        spellcheck={false}
        placeholder={typed.value === null || value === "" ? (placeholder ?? label) : (shown ?? value)}
        value={typed.value ?? shown ?? value}
        onFocus={open}
        onClick={() => {
          if (typed.value === null) open();
        }}
        onInput={(event) => {
          typed.value = event.currentTarget.value;
          at.value = event.currentTarget.value === "" ? -1 : 0;
        }}
        onKeyDown={press}
        onBlur={leave}
        data-testid={testid}
      />
      {typed.value === null ? null : (
        <div class="combo-list" role="listbox" id={`${id}-list`} aria-label={label}>
          {found.map((choice, i) => (
            <div
              key={choice.value}
              id={`${id}-${i}`}
              role="option"
              aria-selected={choice.value === value}
              class={i === at.value ? "combo-choice at" : "combo-choice"}
              // Before the field loses the focus, which would take what was typed.
              onPointerDown={(event) => {
                event.preventDefault();
                take(choice.value);
                input.current?.blur();
              }}
              data-choice={choice.value}
            >
              <span>{choice.text ?? choice.value}</span>
              {choice.hint === undefined ? null : <span class="hint">{choice.hint}</span>}
            </div>
          ))}
          {found.length === 0 ? (
            <p class="hint combo-none">
              {loading === true ? "Asking the hub…" : "Nothing like this is known."}
            </p>
          ) : null}
        </div>
      )}
    </div>
  );
}

/** The names of a list as choices. */
export const choicesOf = (names: readonly string[]): Choice[] => names.map((value) => ({ value }));
