/** A link that shows one dashboard to whoever has it, until it ends. */
import { useSignal } from "@preact/signals";
import { formatDayClock } from "../clock";
import { CopyButton } from "../panels/CopyButton";
import { dashboards } from "./client";
import { zoneUtc } from "./session";

const LENGTHS: readonly (readonly [seconds: number, name: string])[] = [
  [3600, "an hour"],
  [86_400, "a day"],
  [7 * 86_400, "a week"],
  [30 * 86_400, "30 days"],
  [365 * 86_400, "a year"],
];

export function ShareForm({ uid }: { uid: string }) {
  const seconds = useSignal(86_400);
  const link = useSignal<{ address: string; expiresMs: number } | null>(null);
  const said = useSignal<string | null>(null);
  const attempt = (work: Promise<void>): void => {
    said.value = null;
    work.catch((cause: unknown) => (said.value = cause instanceof Error ? cause.message : String(cause)));
  };
  const make = async (): Promise<void> => {
    const made = await dashboards.share(uid, seconds.value);
    link.value = { address: new URL(made.path, location.href).href, expiresMs: made.expires_ms };
  };
  const end = async (): Promise<void> => {
    const { ended } = await dashboards.endShares(uid);
    link.value = null;
    said.value = ended === 1 ? "One link has ended." : `${ended} links have ended.`;
  };
  return (
    <div class="share" data-testid="share">
      <label class="field">
        <span>Whoever has the link sees this dashboard, and nothing else, for</span>
        <select
          value={String(seconds.value)}
          onChange={(event) => (seconds.value = Number(event.currentTarget.value))}
        >
          {LENGTHS.map(([length, name]) => (
            <option key={length} value={length}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <button type="button" class="button primary" onClick={() => attempt(make())} data-testid="share-make">
        Make a link
      </button>
      <button type="button" class="button" onClick={() => attempt(end())} data-testid="share-end">
        End all links to this dashboard
      </button>
      {link.value === null ? null : (
        <>
          <input
            type="text"
            readOnly
            aria-label="Link"
            value={link.value.address}
            onFocus={(event) => event.currentTarget.select()}
            data-testid="share-link"
          />
          <CopyButton text={link.value.address} label="Copy the link" />
          <p class="hint">{`Until ${formatDayClock(link.value.expiresMs, zoneUtc.value, false)}. It is shown only now.`}</p>
        </>
      )}
      {said.value === null ? null : <p role="status">{said.value}</p>}
    </div>
  );
}
