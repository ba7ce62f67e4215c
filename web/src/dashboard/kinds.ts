/** Every kind of panel and the module that draws it. */
import { registerPanel } from "./panel";

registerPanel(["timeseries", "graph", "trend"], () =>
  import("./panels/Timeseries").then((m) => m.Timeseries),
);
registerPanel(["stat", "singlestat"], () => import("./panels/Stat").then((m) => m.Stat));
registerPanel(["gauge"], () => import("./panels/Gauge").then((m) => m.Gauge));
registerPanel(["bargauge"], () => import("./panels/BarGauge").then((m) => m.BarGauge));
registerPanel(["table", "table-old"], () => import("./panels/Table").then((m) => m.Table));
