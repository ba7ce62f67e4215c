/** What of a topic is stored, by time. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { drawableFields, type StoredField, type TopicStored } from "./keeping";
import { LineChart, type Line } from "./LineChart";
import { drawn, spanMs } from "./past";

const AGAIN_MS = 5000;

export function PastChart({ kept, choose }: { kept: TopicStored; choose: (field: StoredField) => void }) {
  const line = useSignal<Line>([[], []]);
  const problem = useSignal<string | null>(null);
  const label = useSignal<string | null>(null);
  const fields = drawableFields(kept);
  const wanted = fields.find((field) => field.label === label.value) ?? fields[0];
  useEffect(() => {
    if (wanted === undefined) return undefined;
    choose(wanted);
    const abort = new AbortController();
    const look = (): void => {
      drawn(kept.bucket ?? "telegraf", wanted, abort.signal).then(
        (found) => ([line.value, problem.value] = [found, null]),
        (cause: unknown) => {
          if (!abort.signal.aborted) problem.value = cause instanceof Error ? cause.message : String(cause);
        },
      );
    };
    look();
    const timer = setInterval(look, AGAIN_MS);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [kept.topic, wanted?.label, spanMs.value]);
  if (wanted === undefined) return <p class="hint">The last message gives no number that is stored.</p>;
  const points = line.value[1].filter((value) => value !== null).length;
  return (
    <div class="topic-chart" data-testid="past-chart" data-points={points}>
      {fields.length > 1 ? (
        <select
          value={wanted.label}
          onChange={(event) => (label.value = event.currentTarget.value)}
          aria-label="The stored field to draw"
        >
          {fields.map((field) => (
            <option key={field.label} value={field.label}>
              {field.label}
            </option>
          ))}
        </select>
      ) : (
        <p class="hint">{wanted.label}</p>
      )}
      <LineChart line={line.value} />
      {problem.value === null ? null : <p class="problem">{problem.value}</p>}
      {problem.value === null && points === 0 ? <p class="hint">Nothing in this time.</p> : null}
    </div>
  );
}
