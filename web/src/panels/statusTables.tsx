/** The tables of the status page. */
import type { Status } from "../api";
import { formatDayClock } from "../clock";
import { formatCount, formatSpan, formatValue } from "../format";
import { utc } from "../state";
import { UNITS } from "../units";

/** Purging begins at three quarters; a full stream refuses what comes. */
function Fill({ part }: { part: number }) {
  const state = part > 0.9 ? "fill full" : part > 0.75 ? "fill high" : "fill";
  return (
    <span class={state} aria-hidden="true">
      <i style={{ width: `${Math.min(100, part * 100)}%` }} />
    </span>
  );
}

export function Streams({ streams }: { streams: Status["streams"] }) {
  const ageS = Math.max(0, ...streams.map((stream) => stream.age_s));
  return (
    <section class="panel">
      <header class="panel-head">
        <h3 aria-level={2}>Streams</h3>
        <span class="source" data-testid="streams-age">
          {ageS === 0
            ? "messages by sequence number"
            : `as of ${formatSpan(ageS * 1000)} ago: nats-server does not answer`}
        </span>
      </header>
      <div class="scroll">
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">Stream</th>
              <th scope="col">first</th>
              <th scope="col">last</th>
              <th scope="col">stored</th>
              <th scope="col">sealed</th>
              <th scope="col">waiting</th>
              <th scope="col">size</th>
            </tr>
          </thead>
          <tbody>
            {streams.map((stream) => (
              <tr key={stream.name} data-stream={stream.name}>
                <th scope="row">{stream.name}</th>
                <td>{formatCount(stream.first_seq)}</td>
                <td>{formatCount(stream.last_seq)}</td>
                <td>{formatCount(stream.applied_seq)}</td>
                <td>{formatCount(stream.sealed_seq)}</td>
                <td>{formatCount(Math.max(0, stream.last_seq - stream.applied_seq))}</td>
                <td>
                  <Fill part={stream.bytes / Math.max(1, stream.max_bytes)} />
                  {formatValue(stream.bytes, UNITS.bytes)} of {formatValue(stream.max_bytes, UNITS.bytes)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

export function Quarantine({ quarantine }: { quarantine: Status["quarantine"] }) {
  return (
    <section class="panel" data-testid="quarantine">
      <header class="panel-head">
        <h3 aria-level={2}>Quarantine</h3>
        <span class="source">
          {formatCount(quarantine.kept)} kept, {formatCount(quarantine.total)} in all
        </span>
      </header>
      {quarantine.recent.length === 0 ? (
        <p class="note">
          Nothing here. Messages that cannot be read as points are kept in this place with the reason.
        </p>
      ) : (
        <div class="scroll">
          <table class="figures texts">
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">From</th>
                <th scope="col">Reason</th>
                <th scope="col">Excerpt</th>
              </tr>
            </thead>
            <tbody>
              {quarantine.recent.map((one, i) => (
                <tr key={`${one.time_ms} ${i}`}>
                  <td class="time">{formatDayClock(one.time_ms, utc.value)}</td>
                  <td>
                    {one.device === null || one.device === "" ? one.source : `${one.device} (${one.source})`}
                  </td>
                  <td>{one.reason}</td>
                  <td>
                    <code>{one.excerpt}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
