/** Where the messages and numbers of a topic come from, and for how long. */
import { useEffect } from "preact/hooks";
import { formatClock } from "../clock";
import { utc } from "../state";
import {
  forget,
  history,
  learn,
  recall,
  source,
  SOURCES,
  spanMs,
  SPANS,
  stored,
  trouble,
  type Source,
} from "./past";

const NAMES: Readonly<Record<Source, string>> = {
  seen: "Seen since the start",
  stream: "In the stream",
  store: "Stored",
};

export function PastPicker({ topic }: { topic: string }) {
  useEffect(() => {
    let isWanted = true;
    forget();
    void learn(topic, () => isWanted);
    return () => {
      isWanted = false;
    };
  }, [topic]);
  useEffect(() => {
    let isWanted = true;
    if (source.value === "stream") void recall(topic, () => isWanted);
    return () => {
      isWanted = false;
    };
  }, [topic, source.value, spanMs.value]);
  return (
    <div class="topic-past">
      <div class="quick" role="group" aria-label="How far back">
        {SOURCES.map((name) => (
          <button
            key={name}
            type="button"
            class={name === source.value ? "button small chosen" : "button small"}
            onClick={() => (source.value = name)}
            disabled={name === "store" && (stored.value?.series.length ?? 0) === 0}
            data-source={name}
          >
            {NAMES[name]}
          </button>
        ))}
        {source.value === "seen" ? null : (
          <select
            value={spanMs.value}
            onChange={(event) => (spanMs.value = Number(event.currentTarget.value))}
            aria-label="For how long"
          >
            {SPANS.map(([label, ms]) => (
              <option key={ms} value={ms}>
                {label}
              </option>
            ))}
          </select>
        )}
      </div>
      {source.value === "stream" ? <p class="hint">{whatTheStreamHas()}</p> : null}
      {trouble.value === null ? null : <p class="problem">{trouble.value}</p>}
    </div>
  );
}

function whatTheStreamHas(): string {
  const found = history.value;
  if (found === null) return "Looking …";
  if (!found.kept) return "Messages of another broker become points on their way in; no stream has them.";
  if (found.messages.length === 0) return "The stream has none of this time: it keeps those of QoS 1 and 2.";
  const since = formatClock(found.since_ms, utc.value);
  return `${found.messages.length} messages of QoS 1 and 2 since ${since}, and what came since.`;
}
