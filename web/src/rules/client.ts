/** The hub's rules and alerts, typed; `docs/http.md` tells the rest. Times are milliseconds since 1970 UTC. */
import { request } from "../api";

export type Tags = Readonly<Record<string, string>>;
export type RuleObject = Readonly<Record<string, unknown>>;

export interface Alert {
  readonly tags: Tags;
  readonly state: "pending" | "firing";
  readonly since_ms: number;
  readonly value: number | null;
  readonly text: string;
  readonly acknowledged: { readonly by: string; readonly note: string; readonly time_ms: number } | null;
  readonly silenced: boolean;
}

/** An alert with the rule that it is of. */
export interface RuleAlert extends Alert {
  readonly rule: string;
  readonly severity: string;
  readonly bucket: string;
}

export interface Change {
  readonly rule: string;
  readonly severity: string;
  readonly bucket: string;
  readonly tags: Tags;
  readonly time_ms: number;
  readonly state: "firing" | "resolved";
  readonly value: number | null;
  readonly text: string;
  readonly reason: string;
}

export interface RuleReport {
  readonly name: string;
  readonly rule: RuleObject;
  /** "added", or the file that it stands in. */
  readonly origin: string;
  readonly severity: string;
  readonly state: "ok" | "pending" | "firing";
  readonly series: number;
  readonly alerts: readonly Alert[];
  readonly trouble: string;
}

export interface Silence {
  readonly id: number;
  readonly rule: string;
  readonly start_ms: number;
  /** Null: until somebody ends it. */
  readonly end_ms: number | null;
  readonly note: string;
  /** Times of the week, such as "sun 02:00-04:00"; empty for all of them. */
  readonly every: string;
  /** By which clock those are meant; empty for the hub's. */
  readonly zone: string;
  readonly holds: boolean;
}

/** A silence that somebody wants. */
export interface AskedSilence {
  readonly rule: string;
  readonly note: string;
  readonly for?: string;
  readonly start_ms?: number;
  readonly every?: string;
  readonly zone?: string;
}

export interface RulesReport {
  readonly rules: readonly RuleReport[];
  readonly silences: readonly Silence[];
  readonly actions: readonly string[];
  readonly deliveries: {
    readonly waiting: number;
    readonly delivered: number;
    readonly failed: number;
    readonly last_error: string;
  };
}

export interface Trial {
  readonly series: number;
  readonly trouble: string;
  readonly changes: readonly Omit<Change, "rule" | "severity" | "bucket">[];
  readonly changes_total: number;
  readonly values: readonly {
    readonly tags: Tags;
    readonly time_ms: readonly number[];
    readonly values: readonly (number | null)[];
  }[];
}

export interface Alerts {
  readonly alerts: readonly RuleAlert[];
  readonly history: readonly Change[];
}

const one = (name: string): string => `/api/rules/${encodeURIComponent(name)}`;

export const rules = {
  list: () => request<RulesReport>("GET", "/api/rules"),
  alerts: (startMs: number, endMs: number) =>
    request<Alerts>("GET", `/api/alerts?start_ms=${Math.floor(startMs)}&end_ms=${Math.ceil(endMs)}`),
  put: (rule: RuleObject) => request<RuleReport>("POST", "/api/rules", rule),
  remove: (name: string) => request<unknown>("DELETE", one(name)),
  test: (rule: RuleObject, startMs: number, endMs: number) =>
    request<Trial>("POST", "/api/rules/test", {
      rule,
      start_ms: Math.floor(startMs),
      end_ms: Math.ceil(endMs),
    }),
  acknowledge: (name: string, tags: Tags, note: string) =>
    request<{ acknowledged: number }>("POST", `${one(name)}/ack`, { tags, note }),
  silence: (asked: AskedSilence) => request<Silence>("POST", "/api/silences", asked),
  endSilence: (id: number) => request<unknown>("DELETE", `/api/silences/${id}`),
};

/** Tags as a person reads them. */
export const tagText = (tags: Tags): string =>
  Object.entries(tags)
    .map(([name, text]) => `${name}=${text}`)
    .join(" ");

/** The object that a text is, or why it is none. */
export function ruleOf(text: string): { rule: RuleObject } | { problem: string } {
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found === "object" && found !== null && !Array.isArray(found))
      return { rule: found as RuleObject };
    return { problem: "A rule is an object in braces." };
  } catch (cause) {
    return { problem: cause instanceof Error ? cause.message : String(cause) };
  }
}
