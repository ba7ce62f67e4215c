/** The typed client of the hub's own HTTP API. Times are milliseconds since 1970 UTC. */
import type { IngestRule, RulePreview, TopicHistory, TopicStored } from "./topics/keeping";

export type FieldType = "float" | "integer" | "unsigned" | "boolean" | "string";

export interface Measurement {
  readonly name: string;
  readonly tags: readonly string[];
  readonly fields: Readonly<Record<string, FieldType>>;
  readonly last_ms: number;
}

export interface Device {
  readonly name: string;
  readonly tag: string | null;
  readonly last_ms: number;
  readonly measurements: readonly string[];
  /** The programs that its agent tells of. */
  readonly software?: readonly { readonly name: string; readonly version: string }[];
}

export interface HubInfo {
  readonly name: string;
  readonly version: string;
  readonly started_ms: number;
}

export type Scalar = number | string | boolean | null;
export type Fn = "mean" | "min" | "max" | "sum" | "count" | "first" | "last";

export interface Query {
  readonly id: string;
  readonly measurement: string;
  readonly fields: readonly string[];
  readonly fn: Fn;
  readonly rate: boolean;
  readonly where: Readonly<Record<string, readonly string[]>>;
  readonly group_by: readonly string[];
}

export interface QueryBody {
  readonly bucket: string;
  readonly start_ms: number;
  readonly end_ms: number;
  readonly interval_ms: number;
  readonly queries: readonly Query[];
}

export interface ResultSeries {
  readonly field: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly values: readonly Scalar[];
}

export interface Result {
  readonly id: string;
  readonly time_ms?: readonly number[];
  readonly series?: readonly ResultSeries[];
  readonly error?: string;
}

/** What a bucket holds; `docs/http.md` tells the rest. */
export interface Bucket {
  readonly name: string;
  /** 0 for ever. */
  readonly keep_seconds: number;
  readonly points: number;
  readonly bytes: number;
  readonly bytes_1m: number;
  readonly bytes_1h: number;
  readonly oldest_ms: number | null;
  /** When its oldest points may be forgotten; null when they never are. */
  readonly next_expiry_ms: number | null;
}

export interface Status {
  readonly hub: HubInfo & { readonly home: string };
  readonly parser: string;
  readonly broker: {
    readonly name: string;
    readonly mqtt: string;
    readonly restarts: number;
    /** Open pages that listen for new points. */
    readonly pages: number;
  };
  readonly streams: readonly {
    readonly name: string;
    /** How old the figures are: 0 unless nats-server does not answer. */
    readonly age_s: number;
    readonly first_seq: number;
    readonly last_seq: number;
    readonly applied_seq: number;
    readonly sealed_seq: number;
    readonly bytes: number;
    readonly max_bytes: number;
  }[];
  readonly store: {
    readonly rows_hot: number;
    readonly segments: number;
    readonly rows_sealed: number;
    readonly bytes: number;
  };
  readonly buckets: readonly Bucket[];
  readonly counters: Readonly<Record<string, number>>;
  readonly quarantine: {
    readonly kept: number;
    readonly total: number;
    readonly recent: readonly {
      readonly time_ms: number;
      readonly source: string;
      readonly device: string | null;
      readonly reason: string;
      readonly excerpt: string;
    }[];
  };
  readonly warnings: readonly string[];
}

/** What came from one device, or over HTTP for one bucket, in batches; `docs/http.md` tells the counts. */
export interface LedgerLine {
  readonly name: string;
  /** Null where the batches have no numbers. */
  readonly produced: number | null;
  readonly acknowledged: number;
  readonly in_stream: number;
  readonly visible: number;
  readonly stored: number;
  readonly missing: number;
  readonly repeats: number;
  readonly refused: number;
  readonly quarantined: number;
  readonly qos0: number;
  readonly points: number;
  readonly boots: number;
  readonly last_ms: number | null;
  readonly state: "missing" | "refused" | "hot" | "whole";
  /** Where one device was asked for: the first and last number of batches that are missing. */
  readonly gaps?: readonly { readonly boot: string; readonly first: number; readonly last: number }[];
  /** How many of the missing have numbers that are not kept any more. */
  readonly unlisted?: number;
}

export interface Ledger {
  readonly devices: readonly LedgerLine[];
  readonly buckets: readonly LedgerLine[];
  readonly rest: readonly LedgerLine[];
  readonly streams: readonly {
    readonly name: string;
    readonly acknowledged_seq: number;
    readonly visible_seq: number;
  }[];
}

export interface FirstStep {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

/** A message to be published by the hub. */
export interface Publication {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retained: boolean;
}

/** The hub answered, but not with what was asked for. `status` 0 means that it did not answer at all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }

  get unreachable(): boolean {
    return this.status === 0;
  }
}

/** The code of an error where the password is right and an app's code is missing. */
export const NEEDS_CODE = "totp";
const TIMEOUT_MS = 30_000;

async function problemOf(response: Response): Promise<ApiError> {
  let body: { code?: unknown; message?: unknown } = {};
  try {
    body = (await response.json()) as typeof body;
  } catch {
    // Something between the page and the hub answered: its status says all there is.
  }
  const said = typeof body.code === "string" ? body.code : "http";
  const code = response.headers.get("X-Helio-Needs") ?? said;
  const message =
    typeof body.message === "string"
      ? body.message
      : `The hub answered with HTTP ${response.status} and no reason.`;
  return new ApiError(response.status, code, message);
}

const EARLY_MS = 10_000;

/** What the page asked for before its scripts were there; null where it did not, or in vain. */
async function early(path: string): Promise<Response | null> {
  if (typeof window === "undefined") return null;
  const asked = window.early?.get(path);
  if (asked === undefined) return null;
  window.early?.delete(path);
  const answer = await asked.catch(() => null);
  return answer?.ok === true && performance.now() < EARLY_MS ? answer : null;
}

export async function request<T>(
  method: string,
  path: string,
  body?: unknown,
  abort?: AbortSignal,
): Promise<T> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const init: RequestInit = {
    method,
    credentials: "same-origin",
    signal: abort === undefined ? timeout : AbortSignal.any([abort, timeout]),
  };
  if (body !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = (method === "GET" ? await early(path) : null) ?? (await fetch(path, init));
    if (!response.ok) throw await problemOf(response);
    return (response.status === 204 ? undefined : await response.json()) as T;
  } catch (cause) {
    if (cause instanceof ApiError || abort?.aborted === true) throw cause;
    if (cause instanceof SyntaxError) throw new ApiError(502, "body", "The hub's answer is not JSON.");
    throw new ApiError(0, "unreachable", "The hub does not answer. Is `helio up` running?");
  }
}

const ofTopic = (topic: string): string => `topic=${encodeURIComponent(topic)}`;
const inBucket = (bucket: string): string => `bucket=${encodeURIComponent(bucket)}`;

interface Session {
  readonly user: string;
  readonly hub: HubInfo;
}

/** What somebody shows who wants in. */
export type Proof =
  | { readonly code: string }
  | { readonly token: string }
  | { readonly user: string; readonly password: string; readonly totp?: string };

export const api = {
  session: () => request<Session>("GET", "/api/session"),
  login: (proof: Proof) => request<{ user: string }>("POST", "/api/session", proof),
  logout: () => request<undefined>("DELETE", "/api/session"),
  schema: (bucket: string) =>
    request<{ measurements: Measurement[] }>("GET", `/api/schema?${inBucket(bucket)}`).then(
      (s) => s.measurements,
    ),
  devices: (bucket: string) =>
    request<{ devices: Device[] }>("GET", `/api/devices?${inBucket(bucket)}`).then((d) => d.devices),
  query: (body: QueryBody, abort: AbortSignal) =>
    request<{ results: Result[] }>("POST", "/api/query", body, abort).then((answer) => answer.results),
  status: () => request<Status>("GET", "/api/status"),
  ledger: (device: string | null) =>
    request<Ledger>("GET", `/api/ledger${device === null ? "" : `?device=${encodeURIComponent(device)}`}`),
  publish: (publication: Publication) =>
    request<{ topic: string }>("POST", "/api/topics/publish", publication),
  topicStored: (topic: string) => request<TopicStored>("GET", `/api/topics/stored?${ofTopic(topic)}`),
  topicHistory: (topic: string, sinceMs: number) =>
    request<TopicHistory>("GET", `/api/topics/history?${ofTopic(topic)}&since_ms=${Math.round(sinceMs)}`),
  previewRule: (topic: string, rule: IngestRule) =>
    request<RulePreview>("POST", "/api/topics/preview", { topic, rule }),
  addRule: (rule: IngestRule) => request<object>("POST", "/api/ingest", rule),
  firstSteps: () => request<{ ways: FirstStep[] }>("GET", "/api/first-steps").then((steps) => steps.ways),
  liveAddress: (bucket: string) =>
    `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/live?${inBucket(bucket)}`,
};
