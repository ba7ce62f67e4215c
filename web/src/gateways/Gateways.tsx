/** The gateways of this hub: how each is, what waits there, and what it sends less of. */
import { useSignal } from "@preact/signals";
import { formatDayClock } from "../clock";
import { formatAgo, formatCount, formatSpan, formatValue } from "../format";
import { CopyButton } from "../panels/CopyButton";
import { usePolled } from "../panels/usePolled";
import { hubNowMs, tickMs, utc } from "../state";
import { UNITS } from "../units";
import { type Gateway, type GatewayReport, gateways } from "./client";
import { SendsLess } from "./SendsLess";

const COMMAND = "helio device enrol NAME --gateway";

export function Gateways() {
  const { value: now, problem } = usePolled(gateways.list);
  return (
    <section class="panel" data-testid="gateways">
      <header class="panel-head">
        <h3 aria-level={2}>Gateways</h3>
        <span class="source">
          {now === null ? "" : (problem ?? "they keep what their devices send until it is here")}
        </span>
      </header>
      {now === null ? (
        <p class={problem === null ? "note" : "note problem"}>{problem ?? "Asking the hub…"}</p>
      ) : now.gateways.length === 0 ? (
        <None />
      ) : (
        <ul class="gateways">
          {now.gateways.map((one) => (
            <Item key={one.id} gateway={one} hubVersion={now.version} />
          ))}
        </ul>
      )}
    </section>
  );
}

function None() {
  return (
    <div class="note" data-testid="gateways-none">
      <p>
        None yet. A gateway takes what devices send where this hub may be out of reach, and brings it here.
        This command prints the one that makes a machine a gateway of this hub:
      </p>
      <div class="code-line">
        <code>{COMMAND}</code>
        <CopyButton text={COMMAND} />
      </div>
    </div>
  );
}

function stateOf({ state, online, seen_ms }: Gateway): string {
  if (state !== "enrolled" && !online) return state === "waiting" ? "waits for its enrolment" : state;
  if (online) return "connected";
  return seen_ms === null ? "not heard yet" : `away, seen ${formatAgo(tickMs.value - seen_ms)}`;
}

function Item({ gateway, hubVersion }: { gateway: Gateway; hubVersion: string }) {
  const { id, online, seen_ms, report } = gateway;
  const isEditing = useSignal(false);
  return (
    <li class="gateway" data-gateway={id} data-online={online}>
      <div class="gateway-head">
        <span class={online ? "dot alive" : "dot"} aria-hidden="true" />
        <strong class="long-name">
          <bdi>{id}</bdi>
        </strong>
        <span
          class={online ? "" : "gateway-away"}
          data-testid="gateway-state"
          title={seen_ms === null ? undefined : formatDayClock(seen_ms, utc.value)}
        >
          {stateOf(gateway)}
        </span>
        {report === null ? null : (
          <span class="gateway-version" data-testid="gateway-version">
            {report.version}
            {report.version === hubVersion ? "" : `; this hub: ${hubVersion}`}
          </span>
        )}
      </div>
      {report === null ? null : (
        <>
          {report.warnings.map((warning) => (
            <p key={warning} class="problem">
              {warning}
            </p>
          ))}
          <Figures report={report} />
          <p class="gateway-told">
            {online ? "Told" : "As it was when it was last heard,"} {formatAgo(hubNowMs() - report.time_ms)}
          </p>
        </>
      )}
      <SendsLess gateway={gateway} isEditing={isEditing} />
    </li>
  );
}

/** The figures that it told, each with its detail; those that an older version does not tell are left out. */
function figuresOf(report: GatewayReport): (readonly [string, string, string])[] {
  const { waiting, waiting_bytes, oldest_ms, commands_refused: left } = report;
  const size = waiting_bytes === undefined ? "" : `about ${formatValue(waiting_bytes, UNITS.bytes)}`;
  const age = oldest_ms == null ? "" : `, for ${formatSpan(report.time_ms - oldest_ms)}`;
  const count = (name: string, value: number | undefined, detail: string) =>
    value === undefined ? [] : [[name, formatCount(value), detail] as const];
  return [
    ["Waiting there", formatCount(waiting), waiting > 0 ? size + age : "nothing"],
    ...(report.per_second === undefined
      ? []
      : [["Messages", formatValue(report.per_second, UNITS.perSecond), "to this hub"] as const]),
    ...count("Sent", report.sent, "since its start"),
    ...count("Lost", report.missed, "no room was left"),
    ...count("Refused", report.refused, "by this hub, kept there"),
    ...count("QoS 0 dropped", report.qos0_dropped, `${formatCount(report.qos0 ?? 0)} sent`),
    ...count("Commands", report.commands, left ? `${formatCount(left)} left out` : "handed over"),
    ...count("Devices", report.devices, "with the gateway itself"),
  ];
}

function Figures({ report }: { report: GatewayReport }) {
  return (
    <dl class="gateway-figures">
      {figuresOf(report).map(([name, value, detail]) => (
        <div key={name} data-figure={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
          <dd class="detail">{detail}</dd>
        </div>
      ))}
    </dl>
  );
}
