/** Starts the page. */
import { computed, effect } from "@preact/signals";
import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./style/tokens.css";
import "./style/frame.css";
import "./style/controls.css";
import "./style/charts.css";
import "./style/places.css";
import { feed, start } from "./hub";
import { followHistory } from "./navigate";
import { App } from "./panels/App";
import { intervalFor } from "./range";
import { address, chartWidth, phase, range, theme } from "./state";

effect(() => {
  document.body.dataset["state"] = phase.value;
});
effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});
effect(() => {
  const { place } = address.value;
  const where = place.name === "device" ? place.device : place.name === "status" ? "Status" : "Overview";
  document.title = `${where} · Heliograph`;
});

const interval = computed(() => {
  const span = range.value.kind === "live" ? range.value.spanMs : range.value.toMs - range.value.fromMs;
  return intervalFor(span, chartWidth.value);
});
effect(() => {
  // Another range or another number of buckets: everything on the page is asked for again.
  void range.value;
  void interval.value;
  feed.reload();
});

const place = document.getElementById("page");
if (place === null) throw new Error("index.html has no element with the id page");
followHistory();
render(<App />, place);
start();
