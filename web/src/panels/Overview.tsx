/** Every device that has data, one row each; a lone device shows its charts right away. */
import { useMemo } from "preact/hooks";
import type { Device } from "../api";
import { sparksOf } from "../board";
import { formatAgo } from "../format";
import { formatDayClock } from "../clock";
import { linkTo } from "../navigate";
import { devices, isAlive, schema, tickMs, utc } from "../state";
import { Board } from "./Board";
import { Sparkline } from "./Sparkline";

export const deviceTitle = (device: { readonly name: string }): string =>
  device.name === "" ? "Series without a host" : device.name;

export function Alive({ device }: { device: Device }) {
  const alive = isAlive(device, tickMs.value);
  return (
    <span class={alive ? "dot alive" : "dot"} data-alive={alive}>
      <span class="hidden-text">{alive ? "alive" : "silent"}</span>
    </span>
  );
}

export function LastSeen({ device }: { device: Device }) {
  const agoMs = tickMs.value - device.last_ms;
  return (
    <time dateTime={new Date(device.last_ms).toISOString()} title={formatDayClock(device.last_ms, utc.value)}>
      {formatAgo(agoMs)}
    </time>
  );
}

function Software({ device }: { device: Device }) {
  const shown = (device.software ?? []).map(({ name, version }) => `${name} ${version}`.trim());
  return shown.length === 0 ? null : (
    <span class="device-software" data-testid="software">
      {shown.join(" · ")}
    </span>
  );
}

function DeviceRow({ device }: { device: Device }) {
  const list = schema.value ?? [];
  const measurements = device.measurements.join();
  const sparks = useMemo(() => sparksOf(device, list), [device.name, measurements, list]);
  return (
    <li>
      <a
        class="device"
        href={linkTo({ place: { name: "device", device: device.name } })}
        data-device={device.name}
      >
        <span class="device-what">
          <span class="device-name">
            <Alive device={device} />
            <span class="long-name">
              <bdi>{deviceTitle(device)}</bdi>
            </span>
          </span>
          <Software device={device} />
        </span>
        <span class="device-seen">
          <LastSeen device={device} />
        </span>
        <span class="device-sparks">
          {sparks.map((spark) => (
            <Sparkline key={spark.id} chart={spark} />
          ))}
        </span>
      </a>
    </li>
  );
}

export function Overview() {
  const list = devices.value ?? [];
  const [only] = list;
  return (
    <>
      <ul class="devices" data-testid="devices">
        {list.map((device) => (
          <DeviceRow key={device.name} device={device} />
        ))}
      </ul>
      {list.length === 1 && only !== undefined ? <Board device={only} /> : null}
    </>
  );
}
