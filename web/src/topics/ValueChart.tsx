/** The numbers of one path of a topic's messages, by time. */
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { LineChart } from "./LineChart";
import type { TopicMessage } from "./news";
import { seriesOf } from "./payload";

export function ValueChart({ messages, paths }: { messages: readonly TopicMessage[]; paths: string[] }) {
  const wanted = useSignal<string | null>(null);
  const path = wanted.value !== null && paths.includes(wanted.value) ? wanted.value : paths[0];
  const line = useMemo(() => seriesOf(messages, path ?? ""), [messages, path]);
  if (path === undefined) return null;
  return (
    <div class="topic-chart" data-testid="topic-chart" data-points={messages.length}>
      {paths.length > 1 ? (
        <select
          value={path}
          onChange={(event) => (wanted.value = event.currentTarget.value)}
          aria-label="The number to draw"
          data-testid="topic-path"
        >
          {paths.map((name) => (
            <option key={name} value={name}>
              {name === "" ? "value" : name}
            </option>
          ))}
        </select>
      ) : null}
      <LineChart line={line} />
    </div>
  );
}
