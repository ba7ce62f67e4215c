/** The proof: what was produced is acknowledged, visible and stored, by device and by bucket. */
import { api, type Ledger, type LedgerLine } from "../api";
import { formatClock, formatDayClock } from "../clock";
import { formatCount } from "../format";
import { flow, linesOf, shownLines } from "../ledger";
import { linkTo } from "../navigate";
import { utc } from "../state";
import { NotRead } from "./NotRead";
import { usePolled } from "./usePolled";

const MOST_ROWS = 200;

export function LedgerPage({ device }: { device: string | null }) {
  const { value: ledger, readMs, problem } = usePolled(() => api.ledger(device));
  if (ledger === null) return <NotRead what="The ledger" problem={problem} />;
  const { lines, waiting } = linesOf(ledger);
  return (
    <div class="status" data-testid="ledger">
      {waiting > 0 ? (
        <p class="warning" role="status">
          {formatCount(waiting)} acknowledged messages are not read yet.
        </p>
      ) : null}
      {lines.length === 0 ? <Nothing device={device} /> : <Flow lines={lines} />}
      {device === null ? <Tables ledger={ledger} /> : <Gaps lines={ledger.devices} />}
      <footer class="status-foot">
        <span>{problem ?? `As of ${formatClock(readMs, utc.value)}, read every 5 s.`}</span>
      </footer>
    </div>
  );
}

function Nothing({ device }: { device: string | null }) {
  return (
    <div class="message">
      <h2>{device === null ? "Nothing has come yet" : "Nothing came from this device"}</h2>
      <p>
        Here is told, for each device, what became of every batch it sent. <code>helio agent</code> sends
        some.
      </p>
    </div>
  );
}

function Flow({ lines }: { lines: readonly LedgerLine[] }) {
  return (
    <section class="panel">
      <header class="panel-head">
        <h3>From the devices to the disk</h3>
        <span class="source">batches</span>
      </header>
      <dl class="flow">
        {flow(lines).map((step) => (
          <div key={step.name} class={`step ${step.state}`} data-step={step.name} data-state={step.state}>
            <dt>{step.name}</dt>
            <dd>{formatCount(step.batches)}</dd>
            <dd class="detail">{step.detail}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Tables({ ledger }: { ledger: Ledger }) {
  const rest = ledger.rest.map((line) => ({ ...line, name: "more devices" }));
  return (
    <>
      <Table title="Devices" source="over MQTT" lines={ledger.devices} linked />
      <Table title="More devices" source="beyond limits.ledger_devices, together" lines={rest} />
      <Table title="Buckets" source="written over HTTP" lines={ledger.buckets} />
    </>
  );
}

const STATES: Readonly<Record<LedgerLine["state"], string>> = {
  missing: "missing",
  refused: "refused",
  hot: "in memory",
  whole: "whole",
};

interface TableProps {
  title: string;
  source: string;
  lines: readonly LedgerLine[];
  linked?: boolean;
}

function Table({ title, source, lines, linked = false }: TableProps) {
  if (lines.length === 0) return null;
  const { shown, more } = shownLines(lines, MOST_ROWS);
  return (
    <section class="panel">
      <header class="panel-head">
        <h3>{title}</h3>
        <span class="source">{source}</span>
      </header>
      <div class="scroll">
        <table class="figures">
          <thead>
            <tr>
              {[
                "Name",
                "produced",
                "acknowledged",
                "in stream",
                "visible",
                "stored",
                "missing",
                "repeats",
              ].map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
              <th scope="col">bad lines</th>
              <th scope="col">last</th>
              <th scope="col">state</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((line) => (
              <Row key={line.name} line={line} linked={linked} />
            ))}
          </tbody>
        </table>
      </div>
      {more > 0 ? (
        <p class="note">
          And {formatCount(more)} more. <code>helio ledger</code> shows all.
        </p>
      ) : null}
    </section>
  );
}

function Row({ line, linked }: { line: LedgerLine; linked: boolean }) {
  const name = <bdi>{line.name}</bdi>;
  return (
    <tr data-line={line.name} data-state={line.state}>
      <th scope="row">
        {linked ? <a href={linkTo({ place: { name: "ledger", device: line.name } })}>{name}</a> : name}
      </th>
      <td>{line.produced === null ? "–" : formatCount(line.produced)}</td>
      <td>{formatCount(line.acknowledged)}</td>
      <td>{formatCount(line.in_stream)}</td>
      <td>{formatCount(line.visible)}</td>
      <td>{formatCount(line.stored)}</td>
      <td class={line.missing > 0 ? "missing" : ""}>{formatCount(line.missing)}</td>
      <td>{formatCount(line.repeats)}</td>
      <td class={line.quarantined > 0 ? "refused" : ""}>{formatCount(line.quarantined)}</td>
      <td class="time">{line.last_ms === null ? "–" : formatDayClock(line.last_ms, utc.value)}</td>
      <td class={line.state}>{STATES[line.state]}</td>
    </tr>
  );
}

function Gaps({ lines }: { lines: readonly LedgerLine[] }) {
  return (
    <>
      {lines.map((line) => (
        <section key={line.name} class="panel" data-testid="gaps">
          <header class="panel-head">
            <h3>Missing</h3>
            <span class="source">
              {formatCount(line.missing)} batches, numbered by {formatCount(line.boots)}{" "}
              {line.boots === 1 ? "start" : "starts"}
            </span>
          </header>
          {(line.gaps ?? []).length === 0 ? (
            <p class="note">
              {line.produced === null
                ? "This device does not number its batches, so nobody can tell whether one is missing."
                : "Nothing that is known by its number: every batch of the latest starts came."}
            </p>
          ) : (
            <div class="scroll">
              <table class="figures">
                <thead>
                  <tr>
                    <th scope="col">Start</th>
                    <th scope="col">from batch</th>
                    <th scope="col">to batch</th>
                  </tr>
                </thead>
                <tbody>
                  {(line.gaps ?? []).map((gap) => (
                    <tr key={`${gap.boot} ${gap.first}`}>
                      <th scope="row">
                        <code>{gap.boot}</code>
                      </th>
                      <td>{formatCount(gap.first)}</td>
                      <td>{formatCount(gap.last)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
          {(line.unlisted ?? 0) > 0 ? (
            <p class="note">
              The numbers of {formatCount(line.unlisted ?? 0)} of them are not kept any more.
            </p>
          ) : null}
        </section>
      ))}
    </>
  );
}
