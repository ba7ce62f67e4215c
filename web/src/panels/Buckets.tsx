/** What each bucket holds, for how long, and when something of it will be forgotten. */
import type { Bucket } from "../api";
import { formatDate } from "../clock";
import { formatCount, formatSpan, formatValue } from "../format";
import { tickMs, utc } from "../state";
import { UNITS } from "../units";

const kept = (seconds: number): string => (seconds === 0 ? "for ever" : formatSpan(seconds * 1000));

/** Points go by whole files, so what is due goes a little later. */
function forgotten(nextMs: number | null): string {
  if (nextMs === null) return "never";
  return nextMs <= tickMs.value ? "soon" : formatDate(nextMs, utc.value);
}

export function Buckets({ buckets }: { buckets: readonly Bucket[] }) {
  return (
    <section class="panel" data-testid="buckets">
      <header class="panel-head">
        <h3 aria-level={2}>Buckets</h3>
        <span class="source">kept so long where a measurement has no rule of its own</span>
      </header>
      <div class="scroll">
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">Bucket</th>
              <th scope="col">points</th>
              <th scope="col">size</th>
              <th scope="col">summaries</th>
              <th scope="col">oldest</th>
              <th scope="col">kept</th>
              <th scope="col">next forgotten</th>
            </tr>
          </thead>
          <tbody>
            {buckets.map((bucket) => (
              <tr key={bucket.name} data-bucket={bucket.name}>
                <th scope="row">{bucket.name}</th>
                <td>{formatCount(bucket.points)}</td>
                <td>{formatValue(bucket.bytes, UNITS.bytes)}</td>
                <td>{formatValue(bucket.bytes_1m + bucket.bytes_1h, UNITS.bytes)}</td>
                <td>{bucket.oldest_ms === null ? "–" : formatDate(bucket.oldest_ms, utc.value)}</td>
                <td>{kept(bucket.keep_seconds)}</td>
                <td>{forgotten(bucket.next_expiry_ms)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
