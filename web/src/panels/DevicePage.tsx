/** One device: its charts, or a word about a name that the hub does not know. */
import { linkTo } from "../navigate";
import { devices } from "../state";
import { Board } from "./Board";

export function DevicePage({ name }: { name: string }) {
  const device = devices.value?.find((one) => one.name === name);
  if (device !== undefined) return <Board device={device} />;
  return (
    <div class="message" data-testid="no-device">
      <h2>No points from “{name}” yet</h2>
      <p>This page turns into its charts when the first point with this host tag arrives.</p>
      <a class="button" href={linkTo({ place: { name: "overview" } })}>
        All devices
      </a>
    </div>
  );
}
