/** Who may come in, typed; `docs/http.md` tells the rest. Times are milliseconds since 1970 UTC. */
import { request } from "../api";

export interface Person {
  readonly name: string;
  readonly kind: "operator" | "influxdb";
  readonly created_ms?: number;
  readonly totp?: boolean;
}

export interface BoardIdentity {
  readonly id: string;
  readonly state: "enrolled" | "waiting" | "revoked";
  readonly gateway: boolean;
  readonly updated_ms: number;
}

interface Permission {
  readonly action: "read" | "write";
  readonly resource: { readonly type: string; readonly id?: string; readonly name?: string };
}

export interface Token {
  readonly id: string;
  readonly description: string;
  readonly status: "active" | "inactive";
  readonly permissions: readonly Permission[];
  readonly publish?: readonly string[];
  readonly subscribe?: readonly string[];
  readonly createdAt: string;
  readonly expiresAt?: string;
}

export interface AuditEntry {
  readonly time_ms: number;
  readonly who: string;
  readonly address: string;
  readonly what: string;
  readonly about: string;
}

export interface NewToken {
  readonly description: string;
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  readonly days: number | null;
}

const USERS = "/api/identities/users";
const DEVICES = "/api/identities/devices";
const TOKENS = "/api/v2/authorizations";
const DAY_SECONDS = 86_400;
const of = (path: string, name: string): string => `${path}/${encodeURIComponent(name)}`;

const bucket = (action: "read" | "write", name: string): Permission => ({
  action,
  resource: name === "*" ? { type: "buckets" } : { type: "buckets", name },
});

export const access = {
  people: () => request<{ users: Person[] }>("GET", USERS).then((found) => found.users),
  addPerson: (name: string, password: string) => request<unknown>("POST", USERS, { name, password }),
  setPassword: (name: string, password: string) =>
    request<unknown>("POST", `${of(USERS, name)}/password`, { password }),
  revokePerson: (name: string) => request<unknown>("DELETE", of(USERS, name)),
  newSecret: (name: string) =>
    request<{ secret: string; address: string }>("POST", `${of(USERS, name)}/totp`, {}),
  setSecret: (name: string, secret: string, code: string) =>
    request<unknown>("POST", `${of(USERS, name)}/totp`, { secret, code }),
  clearSecret: (name: string) => request<unknown>("DELETE", `${of(USERS, name)}/totp`),
  devices: () => request<{ devices: BoardIdentity[] }>("GET", DEVICES).then((found) => found.devices),
  addDevice: (id: string) => request<{ key: string }>("POST", DEVICES, { id }),
  rotateDevice: (id: string) => request<{ key: string }>("POST", `${of(DEVICES, id)}/rotate`, {}),
  revokeDevice: (id: string) => request<unknown>("DELETE", of(DEVICES, id)),
  enrolDevice: (id: string) =>
    request<{ url: string; code: string; seconds: number }>("POST", `${of(DEVICES, id)}/enrol`, {}),
  tokens: () => request<{ authorizations: Token[] }>("GET", TOKENS).then((found) => found.authorizations),
  addToken: (asked: NewToken) =>
    request<{ token: string }>("POST", TOKENS, {
      description: asked.description,
      permissions: [
        ...asked.read.map((name) => bucket("read", name)),
        ...asked.write.map((name) => bucket("write", name)),
      ],
      publish: asked.publish,
      subscribe: asked.subscribe,
      ...(asked.days === null ? {} : { expiresInSeconds: asked.days * DAY_SECONDS }),
    }),
  rotateToken: (id: string) =>
    request<{ token: string }>("POST", `${of("/api/identities/tokens", id)}/rotate`, {}),
  revokeToken: (id: string) => request<unknown>("DELETE", of(TOKENS, id)),
  audit: () =>
    request<{ entries: AuditEntry[] }>("GET", "/api/audit?limit=200").then((found) => found.entries),
};

/** What a token may do, as a person reads it. */
export function rightsText(token: Token): string {
  const buckets = (action: "read" | "write"): string => {
    const found = token.permissions.filter((one) => one.action === action);
    if (found.some((one) => one.resource.type === "authorizations")) return "everything";
    const named = found.filter((one) => one.resource.type === "buckets");
    if (named.some((one) => one.resource.id === undefined)) return "all buckets";
    return named.map((one) => one.resource.name ?? "a deleted bucket").join(", ");
  };
  const parts = [
    ["reads", buckets("read")],
    ["writes", buckets("write")],
    ["publishes", (token.publish ?? []).join(", ")],
    ["subscribes", (token.subscribe ?? []).join(", ")],
  ] as const;
  return parts
    .filter(([, what]) => what !== "")
    .map(([verb, what]) => `${verb} ${what}`)
    .join("; ");
}

/** Words of a field that takes several, apart by blanks or commas. */
export const wordsOf = (text: string): string[] => text.split(/[\s,]+/).filter((word) => word !== "");
