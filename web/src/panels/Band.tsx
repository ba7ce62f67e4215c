/** The band above everything while the hub is away. */
import { formatClock } from "../clock";
import { retryNow } from "../hub";
import { away, tickMs, utc } from "../state";

export function Band() {
  const now = away.value;
  if (now === null) return null;
  // The second hand only moves this text; the retry is timed by the connection itself.
  void tickMs.value;
  const waitS = Math.max(0, Math.ceil((now.retryAtMs - Date.now()) / 1000));
  return (
    <div class="band" role="status" data-testid="disconnected">
      <span>
        Disconnected since {formatClock(now.sinceMs, utc.value)} —{" "}
        {waitS === 0 ? "trying to reach the hub" : `next try in ${waitS} s`}. What is drawn stays.
      </span>
      <button type="button" class="button small" onClick={retryNow}>
        Try now
      </button>
    </div>
  );
}
