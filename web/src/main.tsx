/** Starts the page. */
import { computed, effect } from "@preact/signals";
import { render } from "preact";
import { followMarks } from "./alerts";
import { feed, start } from "./hub";
import { followHistory } from "./navigate";
import { App } from "./panels/App";
import { loadParts } from "./panels/Lazy";
import { TITLES } from "./panels/titles";
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
  if (place.name === "dashboard" || place.name === "shared") return; // It sets its own title.
  const where = place.name === "device" ? place.device : TITLES[place.name];
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
followMarks();
if (["dashboard", "shared"].includes(address.value.place.name)) loadParts();
render(<App />, place);
start();
