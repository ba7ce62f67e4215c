/** A rule as JSON, with a preview of what it would have told of the past. */
import { useSignal } from "@preact/signals";
import { formatDayClock } from "../clock";
import { formatCount } from "../format";
import { hubNowMs, utc } from "../state";
import { type RuleObject, ruleOf, type RuleReport, rules, type Trial } from "./client";
import { Preview } from "./Preview";

const FIRST: RuleObject = {
  name: "hot",
  measurement: "cpu_temperature",
  field: "temp",
  by: ["host"],
  every: "1m",
  above: 80,
  clear: 75,
  for: "2m",
  message: "{host} is at {value} °C",
  actions: ["log"],
};
const SPANS: readonly (readonly [string, number])[] = [
  ["6 h", 6 * 3_600_000],
  ["1 d", 86_400_000],
  ["7 d", 7 * 86_400_000],
];

export function RuleEditor({ rule, close }: { rule: RuleReport | null; close: () => void }) {
  const text = useSignal(JSON.stringify(rule?.rule ?? FIRST, null, 2));
  const problem = useSignal("");
  const trial = useSignal<{ found: Trial; fromMs: number; toMs: number } | null>(null);
  const isFixed = rule !== null && rule.origin !== "added";
  const withRule = (what: (rule: RuleObject) => Promise<void>): void => {
    const read = ruleOf(text.value);
    problem.value = "problem" in read ? read.problem : "";
    if ("problem" in read) return;
    what(read.rule).catch((cause: unknown) => {
      problem.value = cause instanceof Error ? cause.message : String(cause);
    });
  };
  const save = (): void => {
    withRule(async (asked) => {
      await rules.put(asked);
      close();
    });
  };
  const test = (spanMs: number): void => {
    const toMs = hubNowMs();
    withRule(async (asked) => {
      const found = await rules.test(asked, toMs - spanMs, toMs);
      trial.value = { found, fromMs: toMs - spanMs, toMs };
    });
  };
  return (
    <section class="panel rule-editor" data-testid="rule-editor">
      <header class="panel-head">
        <h3 aria-level={2}>{rule === null ? "New rule" : rule.name}</h3>
        <span class="source">{isFixed ? `stands in ${rule.origin}: change it there` : "docs/rules.md"}</span>
      </header>
      <textarea
        aria-label="The rule in JSON"
        rows={14}
        spellcheck={false}
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
        data-testid="rule-text"
      />
      {problem.value === "" ? null : (
        <p class="problem" role="alert" data-testid="rule-problem">
          {problem.value}
        </p>
      )}
      <div class="buttons">
        <span>Try it on the last</span>
        {SPANS.map(([name, spanMs]) => (
          <button
            key={name}
            type="button"
            class="button small"
            onClick={() => test(spanMs)}
            data-testid={`rule-test-${name.replace(" ", "")}`}
          >
            {name}
          </button>
        ))}
        <span class="spread" />
        <button type="button" class="button" onClick={close}>
          {isFixed ? "Close" : "Cancel"}
        </button>
        {isFixed ? null : (
          <button type="button" class="button primary" onClick={save} data-testid="rule-save">
            Save
          </button>
        )}
      </div>
      {trial.value === null ? null : <Result {...trial.value} />}
    </section>
  );
}

function Result({ found, fromMs, toMs }: { found: Trial; fromMs: number; toMs: number }) {
  const fired = found.changes.filter((one) => one.state === "firing").length;
  return (
    <div data-testid="rule-result">
      <p class="note">
        {formatCount(found.series)} series, fired {formatCount(fired)} times. {found.trouble}
      </p>
      <Preview trial={found} fromMs={fromMs} toMs={toMs} />
      <ul class="rule-list">
        {found.changes.slice(0, 20).map((one, i) => (
          <li key={i}>
            <span class={`rule-state ${one.state}`}>{one.state}</span>{" "}
            {formatDayClock(one.time_ms, utc.value)} <bdi>{one.text}</bdi>
          </li>
        ))}
      </ul>
      {found.changes_total > 20 ? (
        <p class="note">{formatCount(found.changes_total)} changes in all.</p>
      ) : null}
    </div>
  );
}
