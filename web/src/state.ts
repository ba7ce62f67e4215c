/** What the page knows, as signals: the address, the session, the hub's devices and schema, the connection. */
import { computed, signal } from "@preact/signals";
import type { Device, HubInfo, Measurement } from "./api";
import { parseAddress, type Theme } from "./address";
import { windowOf } from "./range";

export const BUCKET = "telegraf";

export const address = signal(parseAddress(location.hash));
export const session = signal<"unknown" | "in" | "out">("unknown");
/** Why the last login did not succeed, if it did not. */
export const loginProblem = signal<string | null>(null);
/** Whether the password was right and the code of an app is missing. */
export const codeNeeded = signal(false);
export const hub = signal<HubInfo | null>(null);
export const devices = signal<readonly Device[] | null>(null);
export const schema = signal<readonly Measurement[] | null>(null);
/** Why the page could not even start, if it could not. */
export const startProblem = signal<string | null>(null);
/** Since when the hub is away, and when the next try is due; null while it is there. */
export const away = signal<{ readonly sinceMs: number; readonly retryAtMs: number } | null>(null);
/** Whether whole ranges are being loaded. */
export const busy = signal(false);
/** The width of one chart's drawing area, the same for all charts of a grid. */
export const chartWidth = signal(480);

/** Hub's clock minus browser's: a board's or a laptop's clock may be wrong, the points follow the hub's. */
export const clockOffsetMs = signal(0);
export const hubNowMs = (): number => Date.now() + clockOffsetMs.value;

/** When the hub last said that new points are there. */
export const touchedMs = signal(0);
/** Who wants to hear from when on points have come. */
export const touchListeners = new Set<(fromMs: number) => void>();

/** The hub's time, moved on by the page's clock about once a second; live charts slide with it. */
export const tickMs = signal(Date.now());
export const range = computed(() => address.value.range);
export const shownWindow = computed(() => windowOf(range.value, tickMs.value));
/** The window whose points count: live, also those newer than the last tick of the page's clock. */
export const countedWindow = (): { fromMs: number; toMs: number } => {
  const { fromMs, toMs } = shownWindow.peek();
  return { fromMs, toMs: range.peek().kind === "live" ? Infinity : toMs };
};
export const utc = computed(() => address.value.utc);

const STORED_THEME = "heliograph.theme";
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(prefersDark.matches);
prefersDark.addEventListener("change", (event) => {
  systemDark.value = event.matches;
});

function storedTheme(): Theme {
  const stored = localStorage.getItem(STORED_THEME);
  return stored === "dark" || stored === "light" ? stored : "auto";
}

export function storeTheme(theme: Theme): void {
  localStorage.setItem(STORED_THEME, theme);
}

export const themeChoice = computed<Theme>(() => address.value.theme ?? storedTheme());
export const theme = computed<"dark" | "light">(() => {
  if (themeChoice.value === "auto") return systemDark.value ? "dark" : "light";
  return themeChoice.value;
});

export type Phase = "login" | "loading" | "empty" | "ready" | "disconnected" | "error";

/** The one word for what the page is doing, written to the body for styles and tests. */
export const phase = computed<Phase>(() => {
  if (session.value === "out") return "login";
  if (startProblem.value !== null) return "error";
  if (devices.value === null || schema.value === null) return "loading";
  if (away.value !== null) return "disconnected";
  return devices.value.length === 0 ? "empty" : "ready";
});

/** Seconds between a device's reports, as far as they were seen since the page was opened. */
const seenIntervals = signal<ReadonlyMap<string, number>>(new Map());
const SHORTEST_DEATH_MS = 30_000;

/** Takes note that a device reported up to `toMs`. */
export function noteReport(host: string, toMs: number): void {
  const list = devices.value;
  const device = list?.find((one) => one.name === host);
  if (list === null || device === undefined || toMs <= device.last_ms) return;
  const spacingMs = toMs - device.last_ms;
  // Several messages of one round come within a second of each other.
  if (spacingMs > 900 && spacingMs < 3_600_000)
    seenIntervals.value = new Map(seenIntervals.value).set(host, spacingMs);
  devices.value = list.map((one) => (one === device ? { ...one, last_ms: toMs } : one));
}

/** A device is alive until it missed three reports, and at least for 30 s. */
export function isAlive(device: Device, nowMs: number): boolean {
  return (
    nowMs - device.last_ms <= Math.max(SHORTEST_DEATH_MS, 3 * (seenIntervals.value.get(device.name) ?? 0))
  );
}
