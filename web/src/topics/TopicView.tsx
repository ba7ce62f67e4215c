/** One topic: its last message in the form one likes, what changed, its numbers by time, and those before. */
import { useSignal } from "@preact/signals";
import { formatClock } from "../clock";
import { formatValue } from "../format";
import { linkTo } from "../navigate";
import { CopyButton } from "../panels/CopyButton";
import { utc } from "../state";
import { UNITS } from "../units";
import { KeepBox } from "./KeepBox";
import { withNewer, type StoredField } from "./keeping";
import type { TopicMessage } from "./news";
import { configTopic } from "./appOptions";
import { OptionsForm } from "./OptionsForm";
import { PastPicker } from "./PastPicker";
import { history, learn, source, stored } from "./past";
import { PastChart } from "./PastChart";
import { bytesOf, changesOf, hexDump, numericPaths, textOf } from "./payload";
import { detail, messages } from "./state";
import { ValueChart } from "./ValueChart";

const VIEWS = ["values", "text", "hex", "changes"] as const;
type View = (typeof VIEWS)[number];
const VIEW_NAMES: Readonly<Record<View, string>> = {
  values: "Values",
  text: "Text",
  hex: "Bytes",
  changes: "Changes",
};
const LISTED = 100;

export function TopicView() {
  const view = useSignal<View>("values");
  const at = useSignal<number | null>(null);
  const drawn = useSignal<StoredField | null>(null);
  const now = detail.value;
  const isPast = source.value === "stream" && history.value !== null;
  const all = isPast ? withNewer(history.value?.messages ?? [], messages.value) : messages.value;
  if (now === null || all[0] === undefined) {
    return <p class="hint">No message of this topic was seen since the hub was started.</p>;
  }
  const index = Math.max(0, at.value === null ? 0 : all.findIndex((one) => one.time_ms === at.value));
  const message = all[index] ?? all[0];
  const config = configTopic(now.topic);
  const form = `${now.topic}/form`;
  const device = /^tel\/([\w-]+)\//.exec(now.topic)?.[1];
  return (
    <div class="panel topic-view" data-testid="topic-view">
      <header class="topic-head">
        <h2 class="long-name">
          <bdi>{now.topic}</bdi>
        </h2>
        <CopyButton text={now.topic} label="Copy the topic" />
        {device === undefined ? null : (
          <a class="button small" href={linkTo({ place: { name: "device", device } })}>
            What is stored of {device}
          </a>
        )}
        {!now.has_form || configTopic(form) === null ? null : (
          <a class="button small" href={linkTo({ place: { name: "topics", topic: form } })}>
            Its options
          </a>
        )}
      </header>
      <p class="topic-facts">
        {[
          formatClock(message.time_ms, utc.value),
          formatValue(message.bytes, UNITS.bytes),
          message.form ?? "bytes",
          `${now.rate.toFixed(1)}/s`,
          now.retained ? "retained" : null,
          message.cut ? "only the begin is shown" : null,
        ]
          .filter((fact) => fact !== null)
          .join(" · ")}
      </p>
      {config === null ? null : <OptionsForm key={config} config={config} />}
      <div class="quick" role="group" aria-label="Views">
        {VIEWS.map((name) => (
          <button
            key={name}
            type="button"
            class={name === view.value ? "button small chosen" : "button small"}
            onClick={() => (view.value = name)}
            data-view={name}
          >
            {VIEW_NAMES[name]}
          </button>
        ))}
      </div>
      <Payload view={view.value} message={message} before={all[index + 1]} />
      <PastPicker topic={now.topic} />
      {source.value === "store" && stored.value !== null ? (
        <PastChart kept={stored.value} choose={(field) => (drawn.value = field)} />
      ) : (
        <ValueChart messages={all} paths={numericPaths(message)} />
      )}
      {stored.value === null ? null : (
        <KeepBox
          kept={stored.value}
          drawn={drawn.value}
          changed={() => void learn(now.topic, () => detail.value?.topic === now.topic)}
        />
      )}
      <Earlier all={all} chosen={message} choose={(timeMs) => (at.value = timeMs)} />
    </div>
  );
}

function Payload(props: { view: View; message: TopicMessage; before: TopicMessage | undefined }) {
  const { view, message, before } = props;
  if (view === "changes") return <Changes message={message} before={before} />;
  return (
    <pre class="topic-payload" data-testid="payload">
      {payloadText(view, message)}
    </pre>
  );
}

function payloadText(view: View, message: TopicMessage): string {
  if (view === "hex") return hexDump(bytesOf(message.base64));
  const text = textOf(message);
  if (view === "values" && message.form !== "text" && message.value !== undefined) {
    return typeof message.value === "string" ? message.value : JSON.stringify(message.value, null, 2);
  }
  return text ?? hexDump(bytesOf(message.base64));
}

function Changes({ message, before }: { message: TopicMessage; before: TopicMessage | undefined }) {
  if (before === undefined) return <p class="hint">There is no message before this one.</p>;
  const changes = changesOf(before, message);
  if (changes.length === 0) return <p class="hint">Nothing changed since the message before.</p>;
  return (
    <table class="topic-changes" data-testid="changes">
      <tbody>
        {changes.map((change) => (
          <tr key={change.path}>
            <th scope="row">{change.path === "" ? "value" : change.path}</th>
            <td>
              <del>{change.before ?? "–"}</del>
            </td>
            <td>
              <ins>{change.after ?? "–"}</ins>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Earlier(props: {
  all: readonly TopicMessage[];
  chosen: TopicMessage;
  choose: (timeMs: number | null) => void;
}) {
  return (
    <ol class="topic-earlier" aria-label="Messages, the newest first">
      {props.all.slice(0, LISTED).map((one, index) => (
        <li key={`${one.time_ms} ${index}`}>
          <button
            type="button"
            class={one === props.chosen ? "chosen" : ""}
            onClick={() => props.choose(index === 0 ? null : one.time_ms)}
          >
            <span>{formatClock(one.time_ms, utc.value)}</span>
            <bdi>{(textOf(one) ?? "bytes").slice(0, 120)}</bdi>
          </button>
        </li>
      ))}
    </ol>
  );
}
