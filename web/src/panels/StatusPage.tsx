/** How the hub is: its streams, its store, what it counted, and what it could not read. */
import { api, type Status } from "../api";
import { formatClock } from "../clock";
import { formatCount, formatSpan, formatValue } from "../format";
import { Gateways } from "../gateways/Gateways";
import { logOut } from "../hub";
import { tickMs, utc } from "../state";
import { UNITS } from "../units";
import { Buckets } from "./Buckets";
import { Leave } from "./icons";
import { NotRead } from "./NotRead";
import { Quarantine, Streams } from "./statusTables";
import { usePolled } from "./usePolled";

export function StatusPage() {
  const { value: now, readMs, problem } = usePolled(api.status);
  if (now === null) return <NotRead what="The hub’s state" problem={problem} />;
  return (
    <div class="status" data-testid="status">
      {now.warnings.map((warning) => (
        <p key={warning} class="warning" role="status">
          {warning}
        </p>
      ))}
      <Facts status={now} />
      <Streams streams={now.streams} />
      <Gateways />
      <Buckets buckets={now.buckets} />
      <Counters counters={now.counters} />
      <Quarantine quarantine={now.quarantine} />
      <footer class="status-foot">
        <span>{problem ?? `As of ${formatClock(readMs, utc.value)}, read every 5 s.`}</span>
        <button type="button" class="button small" onClick={() => void logOut()} data-testid="logout">
          <Leave />
          <span>Log out</span>
        </button>
      </footer>
    </div>
  );
}

function Fact({ name, value, detail }: { name: string; value: string; detail?: string }) {
  return (
    <div class="panel fact">
      <dt>{name}</dt>
      <dd>{value}</dd>
      {detail === undefined ? null : <dd class="detail">{detail}</dd>}
    </div>
  );
}

const counted = (count: number, word: string): string =>
  `${formatCount(count)} ${word}${count === 1 ? "" : "s"}`;

function Facts({ status }: { status: Status }) {
  const { hub, store, broker } = status;
  return (
    <dl class="facts">
      <Fact
        name="Hub"
        value={hub.name}
        detail={`Heliograph ${hub.version}, up ${formatSpan(tickMs.value - hub.started_ms)}`}
      />
      <Fact
        name="Points kept"
        value={formatCount(store.rows_hot + store.rows_sealed)}
        detail={`${formatCount(store.rows_hot)} in memory, ${formatCount(store.rows_sealed)} in ${counted(store.segments, "file")}`}
      />
      <Fact name="On disk" value={formatValue(store.bytes, UNITS.bytes)} detail={hub.home} />
      <Fact
        name="Broker"
        value={broker.name}
        detail={`MQTT on ${broker.mqtt}, ${counted(broker.restarts, "restart")}`}
      />
      <Fact name="Open pages" value={formatCount(broker.pages)} detail={`Parser: ${status.parser}`} />
    </dl>
  );
}

function Counters({ counters }: { counters: Status["counters"] }) {
  const names = Object.keys(counters).sort();
  if (names.length === 0) return null;
  return (
    <section class="panel">
      <header class="panel-head">
        <h3 aria-level={2}>Counted since the start</h3>
      </header>
      <dl class="counters">
        {names.map((name) => (
          <div key={name} data-counter={name}>
            <dt>{name}</dt>
            <dd>{formatCount(counters[name] ?? 0)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
