/** Panels that list what the hub has: dashboards, and alerts. */
import { useEffect, useState } from "preact/hooks";
import { formatDayClock } from "../../clock";
import { type RuleAlert, tagText } from "../../rules/client";
import { dashboards, type DashboardLine } from "../client";
import { wantedAlerts, wantedDashboards } from "../listed";
import { flagOf } from "../optionValues";
import type { PanelProps } from "../panel";
import { sharedLink, source } from "../session";

export function DashList({ options }: PanelProps) {
  const [all, setAll] = useState<readonly DashboardLine[] | null>(null);
  const [problem, setProblem] = useState("");
  const byLink = sharedLink.value !== null;
  useEffect(() => {
    if (byLink) return;
    dashboards.list().then(
      (found) => setAll(found),
      (cause: unknown) => setProblem(cause instanceof Error ? cause.message : String(cause)),
    );
  }, [byLink]);
  if (byLink) return <p class="dash-note">The link shows this dashboard alone; the list needs a login.</p>;
  if (problem !== "") return <p class="dash-note">{problem}</p>;
  if (all === null) return <p class="dash-note">Loading the list.</p>;
  const found = wantedDashboards(all, options);
  if (found.length === 0) return <p class="dash-note">No dashboard fits this list.</p>;
  return (
    <ul class="dash-list">
      {flagOf(options["showHeadings"]) ? <li class="head">Dashboards</li> : null}
      {found.map((one) => (
        <li key={one.uid}>
          <a href={`#/d/${encodeURIComponent(one.uid)}`}>
            <bdi>{one.title}</bdi>
          </a>
        </li>
      ))}
    </ul>
  );
}

const EVERY_MS = 10_000;

export function AlertList({ options, utc }: PanelProps) {
  const [all, setAll] = useState<readonly RuleAlert[] | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    const ask = (): void => {
      const nowMs = Date.now();
      source()
        .alerts(nowMs - 1, nowMs)
        .then(
          (found) => {
            setAll(found);
            setProblem("");
          },
          (cause: unknown) => setProblem(cause instanceof Error ? cause.message : String(cause)),
        );
    };
    ask();
    const timer = setInterval(ask, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  if (problem !== "") return <p class="dash-note">{problem}</p>;
  if (all === null) return <p class="dash-note">Loading the alerts.</p>;
  const found = wantedAlerts(all, options);
  if (found.length === 0)
    return (
      <p class="dash-note" role="status">
        Nothing fires.
      </p>
    );
  return (
    <ul class="dash-list">
      {found.map((one) => (
        <li key={`${one.rule} ${tagText(one.tags)}`}>
          <AlertLine alert={one} utc={utc} />
        </li>
      ))}
    </ul>
  );
}

/** Who came by a link cannot go to the rules. */
function AlertLine({ alert, utc }: { alert: RuleAlert; utc: boolean }) {
  const line = (
    <>
      <span class={`rule-state ${alert.state}`}>{alert.state}</span> <bdi>{alert.text}</bdi>{" "}
      {formatDayClock(alert.since_ms, utc)}
    </>
  );
  return sharedLink.value === null ? <a href="#/rules">{line}</a> : line;
}
