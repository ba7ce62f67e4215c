/** The rules' place: what fires, the rules with their state, their history, and the editor. */
import { useSignal } from "@preact/signals";
import { formatDayClock } from "../clock";
import { formatCount } from "../format";
import { NotRead } from "../panels/NotRead";
import { usePolled } from "../panels/usePolled";
import { hubNowMs, utc } from "../state";
import { type Change, type RuleReport, rules, type RulesReport, tagText } from "./client";
import { RuleEditor } from "./RuleEditor";
import { Silences } from "./Silences";

const DAY_MS = 86_400_000;

const read = async () => {
  const nowMs = hubNowMs();
  const [report, found] = await Promise.all([rules.list(), rules.alerts(nowMs - 7 * DAY_MS, nowMs + DAY_MS)]);
  return { report, history: found.history };
};

export function RulesPage() {
  const { value: now, problem } = usePolled(read);
  const edited = useSignal<RuleReport | "new" | null>(null);
  const said = useSignal("");
  if (now === null) return <NotRead what="The rules" problem={problem} />;
  const act = (what: Promise<unknown>, done: string): void => {
    what.then(
      () => (said.value = done),
      (cause: unknown) => (said.value = cause instanceof Error ? cause.message : String(cause)),
    );
  };
  const { report, history } = now;
  return (
    <div class="status rules" data-testid="rules">
      {problem === null ? null : <p class="warning">{problem}</p>}
      {said.value === "" ? null : (
        <p class="note" role="status" data-testid="rules-said">
          {said.value}
        </p>
      )}
      <Firing report={report} act={act} />
      <section class="panel">
        <header class="panel-head">
          <h3 aria-level={2}>Rules</h3>
          <button
            type="button"
            class="button small"
            onClick={() => (edited.value = "new")}
            data-testid="rule-new"
          >
            New rule
          </button>
        </header>
        <RuleTable report={report} act={act} edit={(rule) => (edited.value = rule)} />
      </section>
      {edited.value === null ? null : (
        <RuleEditor
          key={edited.value === "new" ? "" : edited.value.name}
          rule={edited.value === "new" ? null : edited.value}
          close={() => (edited.value = null)}
        />
      )}
      <Silences silences={report.silences} act={act} />
      <History changes={history} />
      <Deliveries report={report} />
    </div>
  );
}

export type Act = (what: Promise<unknown>, done: string) => void;

function Firing({ report, act }: { report: RulesReport; act: Act }) {
  const alerts = report.rules.flatMap((rule) => rule.alerts.map((alert) => ({ rule, alert })));
  if (alerts.length === 0) return null;
  const acknowledge = (name: string, tags: Readonly<Record<string, string>>): void => {
    const note = prompt("What do you do about it?");
    if (note !== null) act(rules.acknowledge(name, tags, note), "Acknowledged: it is told no more.");
  };
  return (
    <section class="panel" data-testid="rules-firing">
      <header class="panel-head">
        <h3 aria-level={2}>Now</h3>
      </header>
      <div class="table-scroll">
        <table class="rule-table">
          <tbody>
            {alerts.map(({ rule, alert }) => (
              <tr key={`${rule.name} ${tagText(alert.tags)}`} data-state={alert.state}>
                <td>
                  <span class={`rule-state ${alert.state}`}>{alert.state}</span>
                </td>
                <td>
                  <bdi>{alert.text}</bdi>
                </td>
                <td>since {formatDayClock(alert.since_ms, utc.value)}</td>
                <td>
                  {alert.acknowledged === null
                    ? null
                    : `${alert.acknowledged.by}: ${alert.acknowledged.note || "acknowledged"}`}
                  {alert.silenced ? " silenced" : null}
                </td>
                <td class="rule-buttons">
                  {alert.state === "firing" && alert.acknowledged === null ? (
                    <button
                      type="button"
                      class="button small"
                      onClick={() => acknowledge(rule.name, alert.tags)}
                    >
                      Acknowledge
                    </button>
                  ) : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function RuleTable(props: { report: RulesReport; act: Act; edit: (rule: RuleReport) => void }) {
  const { report, act, edit } = props;
  if (report.rules.length === 0)
    return (
      <p class="message" data-testid="rules-none">
        No rules yet. A rule watches points, and tells you when something is wrong.
      </p>
    );
  const silence = (name: string): void => {
    const length = prompt("For how long is nobody told? (30m, 8h, 2d)", "1h");
    if (length !== null)
      act(
        rules.silence({ rule: name, for: length, note: "" }),
        `Nobody is told about ${name} for ${length}.`,
      );
  };
  const remove = (name: string): void => {
    if (confirm(`Remove the rule ${name}? The history of its alerts stays.`))
      act(rules.remove(name), `Removed the rule ${name}.`);
  };
  return (
    <div class="table-scroll">
      <table class="rule-table">
        <thead>
          <tr>
            <th>Rule</th>
            <th>State</th>
            <th>Severity</th>
            <th class="number">Series</th>
            <th>From</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {report.rules.map((rule) => (
            <tr key={rule.name} data-rule={rule.name} data-state={rule.state}>
              <td>
                <bdi>{rule.name}</bdi>
                {rule.trouble === "" ? null : <p class="problem">{rule.trouble}</p>}
              </td>
              <td>
                <span class={`rule-state ${rule.state}`}>{rule.state}</span>
              </td>
              <td>{rule.severity}</td>
              <td class="number">{formatCount(rule.series)}</td>
              <td>{rule.origin}</td>
              <td class="rule-buttons">
                <button type="button" class="button small" onClick={() => edit(rule)}>
                  {rule.origin === "added" ? "Edit" : "Show"}
                </button>
                <button type="button" class="button small" onClick={() => silence(rule.name)}>
                  Silence
                </button>
                {rule.origin === "added" ? (
                  <button type="button" class="button small" onClick={() => remove(rule.name)}>
                    Remove
                  </button>
                ) : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function History({ changes }: { changes: readonly Change[] }) {
  if (changes.length === 0) return null;
  return (
    <section class="panel" data-testid="rules-history">
      <header class="panel-head">
        <h3 aria-level={2}>The last seven days</h3>
        <span class="source">{formatCount(changes.length)} changes</span>
      </header>
      <div class="table-scroll rule-history">
        <table class="rule-table">
          <tbody>
            {changes.slice(0, 200).map((one, i) => (
              <tr key={i}>
                <td>{formatDayClock(one.time_ms, utc.value)}</td>
                <td>
                  <span class={`rule-state ${one.state}`}>{one.state}</span>
                </td>
                <td>
                  <bdi>{one.rule}</bdi>
                </td>
                <td>
                  <bdi>{one.text}</bdi> {one.reason}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Deliveries({ report }: { report: RulesReport }) {
  const { delivered, waiting, failed, last_error } = report.deliveries;
  return (
    <footer class="status-foot">
      <span>
        Notifications: {formatCount(delivered)} delivered, {formatCount(waiting)} wait, {formatCount(failed)}{" "}
        failed. {last_error === "" ? "" : `The last that failed: ${last_error}`}
      </span>
    </footer>
  );
}
