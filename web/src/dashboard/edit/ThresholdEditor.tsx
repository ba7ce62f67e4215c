/** The thresholds of a panel: a colour below the first step, and one from each step on. */
import type { Threshold, Thresholds } from "../model";
import { ColourChoice } from "./ColourChoice";
import { Tool } from "./Tool";

const NEXT = ["green", "red", "orange", "yellow", "blue", "purple"];
const USUAL: Thresholds = { mode: "absolute", steps: [{ value: null, color: "green" }] };

interface Props {
  readonly value: unknown;
  readonly put: (next: Thresholds, about?: string) => void;
}

/** Steps rise; the first has no value. */
export function ordered(steps: readonly Threshold[]): Threshold[] {
  const [base = { value: null, color: "green" }, ...rest] = steps;
  const sorted = [...rest].sort((a, b) => (a.value ?? 0) - (b.value ?? 0));
  return [{ ...base, value: null }, ...sorted];
}

function thresholdsOf(value: unknown): Thresholds {
  const given = (typeof value === "object" ? value : null) as Partial<Thresholds> | null;
  const steps = given?.steps;
  return { ...USUAL, ...given, steps: Array.isArray(steps) && steps.length > 0 ? steps : USUAL.steps };
}

export function ThresholdEditor({ value, put }: Props) {
  const now = thresholdsOf(value);
  const share = now.mode === "percentage";
  const set = (changes: Partial<Thresholds>, about?: string): void => put({ ...now, ...changes }, about);
  const replace = (index: number, changes: Partial<Threshold>, about?: string): void =>
    set({ steps: now.steps.map((one, i) => (i === index ? { ...one, ...changes } : one)) }, about);
  const add = (): void => {
    const last = now.steps.at(-1)?.value ?? 70;
    const color = NEXT[now.steps.length % NEXT.length] ?? "red";
    set({ steps: ordered([...now.steps, { value: now.steps.length > 1 ? last + 10 : 80, color }]) });
  };
  return (
    <div class="list-editor" role="group" aria-label="Thresholds">
      {now.steps.map((step, i) => (
        <div key={i} class="threshold">
          <ColourChoice
            colour={step.color}
            choose={(color) => replace(i, { color })}
            label={i === 0 ? "Colour below all thresholds" : `Colour from threshold ${i} on`}
          />
          {i === 0 ? (
            <span class="hint">below all</span>
          ) : (
            <input
              type="number"
              step="any"
              aria-label={`Threshold ${i}${share ? ", percent" : ""}`}
              value={step.value ?? ""}
              onInput={(event) => {
                if (event.currentTarget.value !== "")
                  replace(i, { value: Number(event.currentTarget.value) }, `threshold ${i}`);
              }}
              onBlur={() => {
                const sorted = ordered(now.steps);
                if (sorted.some((one, at) => one.value !== now.steps[at]?.value)) set({ steps: sorted });
              }}
              data-testid={`threshold-${i}`}
            />
          )}
          {i > 0 && share ? <span class="hint">%</span> : null}
          {i === 0 ? null : (
            <Tool
              label={`Remove threshold ${i}`}
              sign="×"
              run={() => set({ steps: now.steps.filter((_, at) => at !== i) })}
            />
          )}
        </div>
      ))}
      <div class="threshold-foot">
        <button type="button" class="button small" onClick={add} data-testid="threshold-add">
          Add a threshold
        </button>
        <label class="switch">
          <input
            type="checkbox"
            checked={share}
            onChange={(event) => set({ mode: event.currentTarget.checked ? "percentage" : "absolute" })}
            data-testid="threshold-percent"
          />
          <span>in percent of least to most</span>
        </label>
      </div>
    </div>
  );
}
