/** What a gateway sends less of: the rules in words, and the place where they are changed. */
import { type Signal, useSignal } from "@preact/signals";
import { answerTo, type Gateway, gateways, ruleLines, rulesOf, ruleText, type ThinRule } from "./client";

const EXAMPLE: readonly ThinRule[] = [
  { measurement: "cpu*", fields: ["usage_*"], window: "1m", send: ["mean", "max"] },
];

export function SendsLess({ gateway, isEditing }: { gateway: Gateway; isEditing: Signal<boolean> }) {
  const { id, report } = gateway;
  const madeMs = useSignal<number | null>(null);
  if (report === null) return null;
  const { rules } = report;
  const holds = rules.thin ?? rules.holds ?? [];
  const set = async (thin: readonly ThinRule[] | null): Promise<void> => {
    madeMs.value = (await gateways.setRules(id, thin)).made_ms;
    isEditing.value = false;
  };
  return (
    <div class="gateway-rules">
      <div class="gateway-rules-head">
        <span>
          {rules.count === 0 ? "Sends everything" : "Sends less of"}
          <span class="gateway-origin">
            {rules.from === "hub" ? " – set by this hub" : " – by its own file edge.toml"}
          </span>
        </span>
        {isEditing.value ? null : (
          <button
            type="button"
            class="button small"
            aria-label={`Change what ${id} sends less of`}
            onClick={() => (isEditing.value = true)}
            data-testid="gateway-edit"
          >
            Change
          </button>
        )}
      </div>
      {holds.length === 0 ? null : (
        <ul class="rule-list" data-testid="gateway-holds">
          {holds.map(ruleText).map(({ what, how }, i) => (
            <li key={i}>
              <code>{what}</code> {how}
            </li>
          ))}
          {rules.count > holds.length ? <li>and {rules.count - holds.length} more</li> : null}
        </ul>
      )}
      <Outcome gateway={gateway} madeMs={madeMs.value} />
      {isEditing.value ? (
        <Editor
          thin={holds.length === 0 ? EXAMPLE : holds}
          isFromHub={rules.from === "hub"}
          name={id}
          set={set}
          close={() => (isEditing.value = false)}
        />
      ) : null}
    </div>
  );
}

function Outcome({ gateway, madeMs }: { gateway: Gateway; madeMs: number | null }) {
  const answer = answerTo(madeMs, gateway);
  const error = gateway.report?.rules.error;
  if (answer === "away") return <Said text={`${gateway.id} is away: it gets this when it is back.`} />;
  if (answer === "pending") return <Said text={`Left for ${gateway.id}, which has not answered yet.`} />;
  // A gateway says so itself as a warning, which stands above; here is what it means for who just asked.
  if (answer === "refused") return <Said text={`It goes on as before: ${error ?? ""}`} isBad />;
  if (answer === "taken") return <Said text={`${gateway.id} has taken it.`} />;
  return null;
}

function Said({ text, isBad = false }: { text: string; isBad?: boolean }) {
  return (
    <p class={isBad ? "problem" : "gateway-said"} role="status" data-testid="gateway-said">
      {text}
    </p>
  );
}

interface EditorProps {
  readonly name: string;
  readonly thin: readonly ThinRule[];
  readonly isFromHub: boolean;
  readonly set: (thin: readonly ThinRule[] | null) => Promise<void>;
  readonly close: () => void;
}

function Editor({ name, thin, isFromHub, set, close }: EditorProps) {
  const text = useSignal(ruleLines(thin));
  const problem = useSignal("");
  const send = (asked: readonly ThinRule[] | null): void => {
    problem.value = "";
    set(asked).catch((cause: unknown) => {
      problem.value = cause instanceof Error ? cause.message : String(cause);
    });
  };
  const save = (): void => {
    const read = rulesOf(text.value);
    if ("problem" in read) problem.value = read.problem;
    else send(read.thin);
  };
  return (
    <div class="rule-editor gateway-editor" data-testid="gateway-editor">
      <textarea
        aria-label={`What ${name} sends less of, in JSON`}
        rows={10}
        spellcheck={false}
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
        data-testid="gateway-rules"
      />
      {problem.value === "" ? null : (
        <p class="problem" role="alert" data-testid="gateway-problem">
          {problem.value}
        </p>
      )}
      <div class="buttons">
        <span class="source">The first rule that names a field holds; docs/edge.md has all of them.</span>
        <span class="spread" />
        <button type="button" class="button" onClick={close}>
          Cancel
        </button>
        {isFromHub ? (
          <button type="button" class="button" onClick={() => send(null)} data-testid="gateway-own">
            Use its own file
          </button>
        ) : null}
        <button type="button" class="button primary" onClick={save} data-testid="gateway-save">
          Set
        </button>
      </div>
    </div>
  );
}
