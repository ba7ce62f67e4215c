/** Sends what was edited to the hub: as the next version, as a new dashboard, or as one panel more. */
import { ApiError, request } from "../../api";
import { dashboards, type Opened } from "../client";
import type { DashboardView, PanelModel, Target } from "../model";
import { withNewPanel } from "./changes";

interface Saved {
  readonly uid: string;
  readonly title: string;
  readonly version: number;
}

type Kept = Record<string, unknown>;

/** SQL has its own place in Grafana's JSON; with a text in `query`, too, it would be taken for InfluxQL. */
function keptTarget(target: Target): Target {
  if (target["x-helio"]?.language !== "sql") return target;
  const { query, ...rest } = target as Target & Kept;
  return { ...rest, rawSql: query ?? "", rawQuery: true } as unknown as Target;
}

const keptPanel = (panel: PanelModel): PanelModel => ({
  ...panel,
  ...(panel.targets === undefined ? {} : { targets: panel.targets.map(keptTarget) }),
  ...(panel.panels === undefined ? {} : { panels: panel.panels.map(keptPanel) }),
});

/** A view as the hub keeps it. */
export const keptView = (view: DashboardView): DashboardView => ({
  ...view,
  panels: (view.panels ?? []).map(keptPanel),
});

const at = (uid: string): string => `/api/dashboards/${encodeURIComponent(uid)}`;

/** Saves a view as the version after the one that was seen. Throws an `ApiError` 409 where another is there. */
export const saveView = (
  uid: string,
  view: DashboardView,
  version: number,
  message: string,
): Promise<Saved> => request<Saved>("PUT", at(uid), { view: keptView(view), version, message });

/** Saves a view of one dashboard as another one, with all that the page does not know of it. */
export const saveCopy = (uid: string, view: DashboardView, title: string): Promise<Saved> =>
  request<Saved>("POST", `${at(uid)}/copy`, { view: keptView(view), title });

/** Makes a dashboard of its own; it has no panels unless some are given. */
export const createDashboard = (title: string, panels: readonly PanelModel[] = []): Promise<Saved> =>
  request<Saved>("POST", "/api/dashboards/import", {
    dashboard: {
      title,
      schemaVersion: 41,
      editable: true,
      tags: [],
      time: { from: "now-6h", to: "now" },
      refresh: "",
      templating: { list: [] },
      annotations: { list: [] },
      panels: panels.map(keptPanel),
    },
    message: "made on the page",
  });

export const isConflict = (cause: unknown): boolean => cause instanceof ApiError && cause.status === 409;

const TRIES = 3;

/** Adds a panel to a dashboard that may be open elsewhere, too: who saves in between is not overwritten. */
export async function appendPanel(uid: string, make: Parameters<typeof withNewPanel>[1]): Promise<Opened> {
  for (let tries = 1; ; tries += 1) {
    const seen = await dashboards.open(uid, AbortSignal.timeout(30_000));
    const added = withNewPanel(seen.view, make);
    const title = added.view.panels?.find(({ id }) => id === added.id)?.title ?? "";
    try {
      await saveView(uid, added.view, seen.version, `added the panel ${title}`);
      return seen;
    } catch (cause) {
      if (!isConflict(cause) || tries === TRIES) throw cause;
    }
  }
}
