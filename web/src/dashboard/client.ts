/** The hub's routes of dashboards. */
import { request } from "../api";
import type { RuleAlert } from "../rules/client";
import type { DashboardView, VariableOption } from "./model";
import type { FieldType, Labels } from "./panel";
import type { Scalar } from "./model";

export interface DashboardLine {
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  readonly version: number;
  readonly updated_ms: number | null;
  readonly built_in: boolean;
  readonly provisioned: boolean;
  readonly degraded: number;
}

export interface ReportLine {
  readonly panel: number | null;
  readonly title: string;
  readonly type: string;
  readonly what: string;
}

export interface Report {
  readonly panels: number;
  readonly supported: number;
  readonly degraded: readonly ReportLine[];
  readonly unsupported: readonly ReportLine[];
  readonly queries: number;
  /** Variables that queries mention and nothing defines. */
  readonly undefined?: readonly string[];
  /** What is not drawn and stands in no panel. */
  readonly elsewhere?: readonly string[];
}

export interface Opened {
  readonly uid: string;
  readonly version: number;
  readonly view: DashboardView;
  readonly report: Report;
  readonly built_in: boolean;
  readonly provisioned: boolean;
  /** When the link ends by which it is shown. */
  readonly expires_ms?: number;
}

export interface PanelQuery {
  readonly id: string;
  readonly language: string;
  readonly bucket: string;
  readonly text: string;
  readonly interval_ms: number;
  readonly max_points: number;
  readonly format: string;
}

export interface AnswerFrame {
  readonly name: string;
  readonly labels?: Labels;
  readonly meta?: { readonly measurement?: string; readonly column?: string };
  readonly fields: readonly {
    readonly name: string;
    readonly type: FieldType;
    readonly labels?: Labels;
    readonly values: readonly Scalar[];
  }[];
}

export interface Problem {
  readonly message: string;
  readonly line?: number | null;
  readonly column?: number | null;
}

export interface PanelAnswer {
  readonly id: string;
  readonly frames?: readonly AnswerFrame[];
  readonly truncated?: boolean;
  readonly error?: Problem;
}

export interface Version {
  readonly version: number;
  readonly saved_ms: number;
  readonly message: string | null;
  readonly author?: string | null;
}

const at = (uid: string, more = ""): string => `/api/dashboards/${encodeURIComponent(uid)}${more}`;

/** What an open dashboard asks for. */
export interface BoardSource {
  readonly open: (id: string, abort: AbortSignal) => Promise<Opened>;
  readonly query: (
    fromMs: number,
    toMs: number,
    queries: readonly PanelQuery[],
    abort: AbortSignal,
  ) => Promise<readonly PanelAnswer[]>;
  readonly values: (language: string, bucket: string, text: string) => Promise<readonly VariableOption[]>;
  readonly alerts: (startMs: number, endMs: number) => Promise<readonly RuleAlert[]>;
}

const routes = (
  query: string,
  variables: string,
  alerts: string,
): Pick<BoardSource, "query" | "values" | "alerts"> => ({
  alerts: (startMs, endMs) =>
    request<{ alerts: RuleAlert[] }>(
      "GET",
      `${alerts}?start_ms=${Math.floor(startMs)}&end_ms=${Math.ceil(endMs)}`,
    ).then((answer) => answer.alerts),
  query: (fromMs, toMs, queries, abort) =>
    request<{ results: PanelAnswer[] }>(
      "POST",
      query,
      { from_ms: Math.round(fromMs), to_ms: Math.round(toMs), queries },
      abort,
    ).then((answer) => answer.results),
  values: (language, bucket, text) => {
    const asked = new URLSearchParams({ language, bucket, text });
    return request<{ values: VariableOption[] }>("GET", `${variables}?${asked.toString()}`).then(
      (answer) => answer.values,
    );
  },
});

/** What a link shows, and nothing else. */
export function sharedBoard(link: string): BoardSource {
  const base = `/api/shared/${encodeURIComponent(link)}`;
  return {
    open: (_, abort) => request<Opened>("GET", base, undefined, abort),
    ...routes(`${base}/query`, `${base}/variables`, `${base}/alerts`),
  };
}

export const dashboards = {
  list: () =>
    request<{ dashboards: DashboardLine[] }>("GET", "/api/dashboards").then((answer) => answer.dashboards),
  open: (uid: string, abort: AbortSignal) => request<Opened>("GET", at(uid), undefined, abort),
  importJson: (dashboard: unknown) =>
    request<{ uid: string; title: string; report: Report }>("POST", "/api/dashboards/import", {
      dashboard,
      overwrite: true,
    }),
  exported: (uid: string) => request<unknown>("GET", at(uid, "/export")),
  remove: (uid: string) => request<undefined>("DELETE", at(uid)),
  versions: (uid: string) =>
    request<{ versions: Version[] }>("GET", at(uid, "/versions")).then((answer) => answer.versions),
  restore: (uid: string, version: number) => request<unknown>("POST", at(uid, "/restore"), { version }),
  share: (uid: string, seconds: number) =>
    request<{ path: string; expires_ms: number }>("POST", at(uid, "/share"), { seconds }),
  endShares: (uid: string) => request<{ ended: number }>("DELETE", at(uid, "/share")),
  ...routes("/api/panels/query", "/api/variables", "/api/alerts"),
};
