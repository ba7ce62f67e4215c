/** When the open dashboard asks again: by its own interval, or when the hub says that points came. */
import { computed, effect } from "@preact/signals";
import { busy, touchedMs } from "../state";
import { live, opened, paused, refresh, reload, sharedLink, shownWindow } from "./session";
import { parseInterval } from "./time";

const SHARED_EVERY_MS = 10_000;
const PUSHED_LEAST_MS = 2000;
/** By the dashboard's own interval; else when the hub says that points came, never faster than can be seen. */
const everyMs = computed(() => {
  if (paused.value || opened.value === null || refresh.value === "off") return null;
  // Who came by a link is told of no new points.
  const otherwise = sharedLink.value !== null && live.value ? SHARED_EVERY_MS : null;
  return parseInterval(refresh.value) ?? otherwise;
});
effect(() => {
  const intervalMs = everyMs.value;
  if (intervalMs === null) return undefined;
  const timer = setInterval(
    () => {
      if (!document.hidden) reload();
    },
    Math.max(1000, intervalMs),
  );
  return () => clearInterval(timer);
});
let reloadedMs = 0;
effect(() => {
  const cameMs = touchedMs.value;
  if (paused.peek() || !live.peek() || refresh.peek() !== "" || opened.peek() === null || document.hidden)
    return;
  const { fromMs, toMs } = shownWindow.peek();
  // A month-long chart would not change by a pixel in this time.
  if (cameMs - reloadedMs < Math.max(PUSHED_LEAST_MS, (toMs - fromMs) / 2000)) return;
  reloadedMs = cameMs;
  if (busy.peek()) return;
  reload();
});
