/** What becomes of a topic: its points and the way to a dashboard, or the rule that would store it. */
import { useSignal } from "@preact/signals";
import { addToDashboard } from "../dashboard/edit/add";
import { drawableFields, type StoredField, type TopicStored } from "./keeping";
import { StoreForm } from "./StoreForm";

interface Props {
  readonly kept: TopicStored;
  /** The field that is drawn. */
  readonly drawn: StoredField | null;
  /** Called when a rule was added. */
  readonly changed: () => void;
}

export function KeepBox({ kept, drawn, changed }: Props) {
  const isAsking = useSignal(false);
  if (kept.origin === null) {
    if (kept.proposal === null) {
      return <p class="hint">Nothing of it is stored: no values are known in its last message.</p>;
    }
    return (
      <div class="topic-keep" data-testid="topic-keep">
        {isAsking.value ? (
          <StoreForm
            topic={kept.topic}
            proposal={kept.proposal}
            done={(isAdded) => {
              isAsking.value = false;
              if (isAdded) changed();
            }}
          />
        ) : (
          <button
            type="button"
            class="button"
            onClick={() => (isAsking.value = true)}
            data-testid="store-topic"
          >
            Store this topic …
          </button>
        )}
      </div>
    );
  }
  const field = drawn ?? drawableFields(kept)[0];
  return (
    <div class="topic-keep" data-testid="topic-keep">
      <span class="hint">{whatIsStored(kept)}</span>
      {field === undefined ? null : (
        <button
          type="button"
          class="button small"
          onClick={() => void add(kept, field)}
          data-testid="add-to-dashboard"
        >
          Add to dashboard …
        </button>
      )}
      {kept.problem === null ? null : <p class="problem">{kept.problem}</p>}
    </div>
  );
}

function whatIsStored(kept: TopicStored): string {
  const names = [...new Set(kept.series.map((series) => series.measurement))];
  const as = names.length === 0 ? "" : ` as ${names.slice(0, 3).join(", ")}${names.length > 3 ? " …" : ""}`;
  if (kept.origin === "tel") return `Stored${as}, as all below tel/ is.`;
  return `Taken by the rule ${kept.rule?.name ?? ""}${as === "" ? "" : `, stored${as}`}.`;
}

function add(kept: TopicStored, field: StoredField): Promise<string | null> {
  const { series } = field;
  return addToDashboard({
    title: kept.topic,
    query: {
      measurement: series.measurement,
      fields: [field.field],
      fn: field.type === "bool" ? "last" : "mean",
      where: Object.fromEntries(Object.entries(series.tags).map(([tag, value]) => [tag, [value]])),
      bucket: kept.bucket ?? "telegraf",
    },
  });
}
