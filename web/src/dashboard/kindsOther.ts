/** Kinds of panels besides the main ones. */
import { registerPanel } from "./panel";

registerPanel(["text"], () => import("./panels/Text").then((m) => m.Text), false);
registerPanel(["piechart", "grafana-piechart-panel"], () =>
  import("./panels/PieChart").then((m) => m.PieChart),
);
registerPanel(["barchart"], () => import("./panels/BarChart").then((m) => m.BarChart));
registerPanel(["histogram"], () => import("./panels/Histogram").then((m) => m.Histogram));
registerPanel(["state-timeline", "natel-discrete-panel"], () =>
  import("./panels/StateTimeline").then((m) => m.StateTimeline),
);
registerPanel(["status-history"], () => import("./panels/StateTimeline").then((m) => m.StatusHistory));
registerPanel(["heatmap"], () => import("./panels/Heatmap").then((m) => m.Heatmap));
registerPanel(["xychart"], () => import("./panels/XyChart").then((m) => m.XyChart));
registerPanel(["logs"], () => import("./panels/Logs").then((m) => m.Logs));
registerPanel(["geomap", "grafana-worldmap-panel"], () =>
  import("./panels/PlainMap").then((m) => m.PlainMap),
);
registerPanel(["canvas"], () => import("./panels/ElementCanvas").then((m) => m.ElementCanvas), false);
registerPanel(["grafana-clock-panel"], () => import("./panels/Clock").then((m) => m.Clock), false);
registerPanel(["dashlist"], () => import("./panels/Lists").then((m) => m.DashList), false);
registerPanel(["alertlist"], () => import("./panels/Lists").then((m) => m.AlertList), false);
// Every kind without a drawing of its own is asked for under this name.
registerPanel(["unsupported"], () => import("./panels/Unsupported").then((m) => m.Unsupported));
