/** Moves the page from address to address; every step is one that the browser's back button undoes. */
import { formatAddress, parseAddress, type Address, type Theme } from "./address";
import { DEFAULT_RANGE, zoomedRange, type Range } from "./range";
import { address, storeTheme } from "./state";

let lastLive: Range = address.value.range.kind === "live" ? address.value.range : DEFAULT_RANGE;

function zoomDepth(): number {
  const state = history.state as { zoom?: number } | null;
  return state?.zoom ?? 0;
}

function write(next: Address, how: "push" | "replace", zoom: number): void {
  const fragment = formatAddress(next);
  if (how === "push") history.pushState({ zoom }, "", fragment);
  else history.replaceState({ zoom }, "", fragment);
  if (next.range.kind === "live") lastLive = next.range;
  address.value = next;
}

/** Goes to the current address with some parts changed. */
export function go(changes: Partial<Address>): void {
  write({ ...address.value, ...changes }, "push", 0);
}

/** The fragment of a link that goes there. */
export function linkTo(changes: Partial<Address>): string {
  return formatAddress({ ...address.value, panel: null, ...changes });
}

/** Shows what was dragged over; `undoZoom` goes back. */
export function zoomTo(fromMs: number, toMs: number): void {
  write({ ...address.value, range: zoomedRange(fromMs, toMs) }, "push", zoomDepth() + 1);
}

/** Changes the window in small steps (wheel, pan) without a history entry for each. */
export function shiftTo(fromMs: number, toMs: number): void {
  const deep = zoomDepth();
  const how = deep > 0 ? "replace" : "push";
  write({ ...address.value, range: zoomedRange(fromMs, toMs) }, how, Math.max(1, deep));
}

/** The range before the last zoom, or live again when the page was opened on a fixed one. */
export function undoZoom(): void {
  if (zoomDepth() > 0) history.back();
  else if (address.value.range.kind === "fixed") resume();
}

/** Stops the sliding: the window that is on the screen becomes a fixed range. */
export function pause(fromMs: number, toMs: number): void {
  write(
    { ...address.value, range: { kind: "fixed", fromMs: Math.round(fromMs), toMs: Math.round(toMs) } },
    "push",
    0,
  );
}

/** Live again, with the length it last had. */
export function resume(): void {
  write({ ...address.value, range: lastLive }, "push", 0);
}

export function chooseTheme(theme: Theme): void {
  storeTheme(theme);
  write({ ...address.value, theme: theme === "auto" ? null : theme }, "replace", zoomDepth());
}

export function chooseUtc(utc: boolean): void {
  write({ ...address.value, utc }, "replace", zoomDepth());
}

/** Takes this range if neither the address nor the viewer has said which one is wanted. */
export function suggestRange(range: Range): void {
  if (!/[?&](range|from)=/.test(location.hash)) write({ ...address.value, range }, "replace", 0);
}

/** Follows back, forward, and fragments typed by hand. */
export function followHistory(): void {
  const follow = (): void => {
    const next = parseAddress(location.hash);
    // One step fires both events.
    if (formatAddress(next) === formatAddress(address.value)) return;
    if (next.range.kind === "live") lastLive = next.range;
    address.value = next;
  };
  addEventListener("popstate", follow);
  addEventListener("hashchange", follow);
}
