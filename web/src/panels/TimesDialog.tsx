/** What both pickers of times have: the button that opens them, and the ends that are typed. */
import { useSignal, type Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { zoneName } from "../clock";
import { chooseUtc } from "../navigate";
import { tickMs, utc } from "../state";
import { Clock, Down } from "./icons";

/** The button with the times that are shown. */
export function TimesButton(about: {
  readonly open: Signal<boolean>;
  readonly name: string;
  readonly isUtc: boolean;
  readonly testid: string;
}) {
  const { open } = about;
  return (
    <button
      type="button"
      class="button"
      aria-expanded={open.value}
      aria-haspopup="dialog"
      onClick={() => (open.value = !open.value)}
      data-testid={about.testid}
    >
      <Clock />
      <span>{about.name}</span>
      {about.isUtc ? <span class="zone">UTC</span> : null}
      <Down />
    </button>
  );
}

/** The box: quick ranges (`children`), two ends, and the zone. `apply` returns what is wrong with the ends. */
export function TimesDialog(about: {
  readonly from: string;
  readonly to: string;
  readonly hint: string;
  readonly testid: string;
  readonly apply: (from: string, to: string) => string | null;
  readonly children: ComponentChildren;
}) {
  const from = useSignal(about.from);
  const to = useSignal(about.to);
  const problem = useSignal<string | null>(null);
  const submit = (event: Event): void => {
    event.preventDefault();
    problem.value = about.apply(from.value.trim(), to.value.trim());
  };
  const wrong = problem.value !== null;
  return (
    <div class="popover" role="dialog" aria-label="Time range" data-testid={`${about.testid}-dialog`}>
      {about.children}
      <form onSubmit={submit} noValidate>
        <Field label="From" value={from} testid={`${about.testid}-from`} />
        <Field label="To" value={to} testid={`${about.testid}-to`} />
        <p class={wrong ? "problem" : "hint"} role={wrong ? "alert" : undefined}>
          {problem.value ?? about.hint}
        </p>
        <button type="submit" class="button primary" data-testid={`${about.testid}-apply`}>
          Show
        </button>
        <label class="switch">
          <input
            type="checkbox"
            checked={utc.value}
            onChange={(event) => chooseUtc(event.currentTarget.checked)}
            data-testid="utc"
          />
          <span>UTC</span>
          <span class="hint">{`Your zone: ${zoneName(false, tickMs.peek())}`}</span>
        </label>
      </form>
    </div>
  );
}

function Field({ label, value, testid }: { label: string; value: Signal<string>; testid: string }) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="text"
        spellcheck={false}
        autocomplete="off"
        value={value.value}
        onInput={(event) => (value.value = event.currentTarget.value)}
        data-testid={testid}
      />
    </label>
  );
}
