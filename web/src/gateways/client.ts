/** Gateways as their hub knows them, typed; `docs/http.md` tells the rest. Times are milliseconds since 1970 UTC. */
import { request } from "../api";

/** What is sent less of, as in `edge.toml`; what a gateway tells may have anything in it. */
export type ThinRule = Readonly<Record<string, unknown>>;

export interface GatewayReport {
  readonly time_ms: number;
  readonly version: string;
  readonly sent: number;
  readonly waiting: number;
  readonly missed: number;
  readonly warnings: readonly string[];
  readonly rules: {
    readonly from: string;
    readonly count: number;
    readonly answers_ms: number;
    readonly error?: string | null;
    readonly thin?: readonly ThinRule[] | null;
    readonly holds?: readonly ThinRule[];
  };
  /** From here on: not told by older versions. */
  readonly waiting_bytes?: number;
  /** When the message came that waits longest. */
  readonly oldest_ms?: number | null;
  readonly per_second?: number;
  readonly refused?: number;
  readonly commands?: number;
  readonly commands_refused?: number;
  readonly qos0?: number;
  readonly qos0_dropped?: number;
  readonly devices?: number;
}

export interface Gateway {
  readonly id: string;
  readonly state: "enrolled" | "waiting" | "revoked";
  readonly online: boolean;
  readonly seen_ms: number | null;
  readonly report: GatewayReport | null;
}

export interface GatewayList {
  readonly gateways: readonly Gateway[];
  /** The hub's. */
  readonly version: string;
}

export const gateways = {
  list: () => request<GatewayList>("GET", "/api/gateways"),
  /** Null: what the gateway's own file says. */
  setRules: (id: string, thin: readonly ThinRule[] | null) =>
    request<{ made_ms: number }>("PUT", `/api/gateways/${encodeURIComponent(id)}/rules`, { thin }),
};

const words = (value: unknown): string =>
  Array.isArray(value) ? value.map(words).join(", ") : typeof value === "string" ? value : String(value);

/** What a rule does, as a person reads it: its fields, and what is sent of them. */
export function ruleText(rule: ThinRule): { readonly what: string; readonly how: string } {
  const fields = words(rule.fields ?? ["*"]);
  const measurement = words(rule.measurement ?? "*");
  const what = fields === "*" ? measurement : `${measurement}: ${fields}`;
  if (rule.drop === true) return { what, how: "not sent" };
  if (rule.window !== undefined)
    return { what, how: `${words(rule.send ?? "mean")} of each ${words(rule.window)}` };
  const often = rule.at_least_every === undefined ? "" : `, and every ${words(rule.at_least_every)}`;
  return { what, how: `changes of more than ${words(rule.dead_band)}${often}` };
}

/** Rules as JSON, one a line. */
export const ruleLines = (thin: readonly ThinRule[]): string =>
  `[\n${thin.map((one) => `  ${JSON.stringify(one)}`).join(",\n")}\n]`;

/** Reads what somebody wrote: a list of rules, or why it is none. */
export function rulesOf(text: string): { readonly thin: ThinRule[] } | { readonly problem: string } {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (cause) {
    return { problem: `This is no JSON: ${cause instanceof Error ? cause.message : String(cause)}` };
  }
  const isRule = (one: unknown): one is ThinRule =>
    typeof one === "object" && one !== null && !Array.isArray(one);
  if (!Array.isArray(read) || !read.every(isRule))
    return { problem: "A list of rules is expected: [{…}, {…}], or [] to send everything." };
  return { thin: read };
}

export type Answer = "none" | "away" | "pending" | "refused" | "taken";

/** What became of rules that were set at `madeMs`; none where nobody set any here. */
export function answerTo(madeMs: number | null, gateway: Gateway): Answer {
  if (madeMs === null) return "none";
  const rules = gateway.report?.rules;
  if (rules === undefined || rules.answers_ms < madeMs) return gateway.online ? "pending" : "away";
  return rules.error ? "refused" : "taken";
}
