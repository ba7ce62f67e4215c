/** The page's life with its hub: log in, load what exists, listen for changes, go on after an interruption. */
import { effect, signal } from "@preact/signals";
import { loginCode } from "./address";
import { api, ApiError, NEEDS_CODE, type Proof } from "./api";
import { Feed } from "./feed";
import { Live } from "./live";
import { suggestRange } from "./navigate";
import * as state from "./state";
import type { TopicNews, TopicWindow } from "./topics/news";

export const feed = new Feed({
  query: (body, abort) => api.query(body, abort),
  nowMs: state.hubNowMs,
  range: () => state.range.value,
  hidden: () => document.hidden,
  busy: (busy) => {
    state.busy.value = busy;
  },
  arrived: () => {
    state.tickMs.value = state.hubNowMs();
  },
  lost: (error) => {
    if (error.status === 401) refused();
    else if (error.unreachable) live?.retryNow();
  },
});

let live: Live | null = null;
let listsAtMs = 0;
let listsTimer: ReturnType<typeof setTimeout> | undefined;
const LISTS_EVERY_MS = 1000;
const YOUNG_MS = 10 * 60_000;

function refused(): void {
  live?.stop();
  live = null;
  state.away.value = null;
  state.session.value = "out";
}

async function loadLists(): Promise<void> {
  const [schema, devices] = await Promise.all([api.schema(state.BUCKET), api.devices(state.BUCKET)]);
  state.schema.value = schema;
  state.devices.value = devices;
}

/** Asks again what devices and measurements there are, at most once a second. */
function refreshLists(): void {
  clearTimeout(listsTimer);
  const waitMs = Math.max(0, listsAtMs + LISTS_EVERY_MS - Date.now());
  listsTimer = setTimeout(() => {
    listsAtMs = Date.now();
    loadLists().catch((cause: unknown) => {
      if (cause instanceof ApiError && cause.status === 401) refused();
      // The connection's own retry brings the lists when the hub is back.
      else if (live !== null) listsTimer = setTimeout(refreshLists, 3 * LISTS_EVERY_MS);
    });
  }, waitMs);
}

/** What the hub told last of the topics that the page shows. */
export const topicNews = signal<TopicNews | null>(null);
let shownTopics: TopicWindow | null = null;

function sayTopics(): void {
  if (shownTopics !== null) live?.say(JSON.stringify({ topics: shownTopics }));
}

/** Tells the hub which topics the page shows; null when it shows none any more. */
export function showTopics(shown: TopicWindow | null): void {
  const wasShown = shownTopics !== null;
  shownTopics = shown;
  if (shown !== null) sayTopics();
  else if (wasShown) live?.say("{}");
}

function listen(): void {
  live?.stop();
  live = new Live({
    address: api.liveAddress(state.BUCKET),
    opened: () => {
      const interrupted = state.away.value !== null;
      state.away.value = null;
      // On a dashboard its own questions are first.
      if (state.devices.value === null) listsAtMs = Date.now();
      refreshLists();
      sayTopics();
      if (interrupted) feed.reload();
    },
    closed: (retryMs) => {
      const sinceMs = state.away.value?.sinceMs ?? Date.now();
      state.away.value = { sinceMs, retryAtMs: Date.now() + retryMs };
    },
    refused,
    hubTime: (timeMs) => {
      state.clockOffsetMs.value = timeMs - Date.now();
    },
    points: (touched) => {
      for (const one of Object.values(touched))
        for (const host of one.hosts) state.noteReport(host, one.to_ms);
      feed.touch(touched);
      const fromMs = Math.min(...Object.values(touched).map((one) => one.from_ms));
      for (const listener of state.touchListeners) listener(fromMs);
      state.touchedMs.value = Date.now();
    },
    schema: refreshLists,
    topics: (news) => {
      topicNews.value = news;
    },
  });
  live.start();
}

/** Tries to reach the hub at once instead of at the next planned time. */
export function retryNow(): void {
  live?.retryNow();
}

/** Loads the session, the lists and the live connection; what fails is shown by the page. */
export async function open(): Promise<void> {
  state.startProblem.value = null;
  try {
    const session = await api.session();
    state.hub.value = session.hub;
    state.session.value = "in";
    // A hub that just started has minutes of points: a longer range would show them as a sliver.
    if (Date.now() - session.hub.started_ms < YOUNG_MS) suggestRange({ kind: "live", spanMs: 5 * 60_000 });
    // A dashboard needs no lists: they come when the connection is there, and its own questions are first.
    if (state.address.value.place.name !== "dashboard") await loadLists();
    listen();
  } catch (cause) {
    if (cause instanceof ApiError && cause.status === 401) refused();
    else state.startProblem.value = cause instanceof Error ? cause.message : String(cause);
  }
}

/** Exchanges a link's code or the operator's token for a session, and goes on into the page. */
export async function logIn(proof: Proof): Promise<void> {
  state.loginProblem.value = null;
  try {
    await api.login(proof);
  } catch (cause) {
    state.codeNeeded.value ||= cause instanceof ApiError && cause.code === NEEDS_CODE;
    state.loginProblem.value = cause instanceof Error ? cause.message : String(cause);
    state.session.value = "out";
    return;
  }
  await open();
}

export async function logOut(): Promise<void> {
  await api.logout().catch(() => undefined);
  refused();
}

/** Starts the page: a login link's code first, so that it is gone from the address before anything else. */
export function start(): void {
  // Who comes by a link to one dashboard has no session, and needs none.
  if (state.address.value.place.name === "shared") return;
  const code = loginCode(location.hash);
  if (code === null) void open();
  else {
    history.replaceState(null, "", "#/");
    void logIn({ code });
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    state.tickMs.value = state.hubNowMs();
    live?.retryNow();
    feed.resume();
  });
  addEventListener("online", retryNow);
  keepTime();
}

/** Moves the page's time on once a second, and at once when the hub's clock turns out to differ. */
function keepTime(): void {
  const move = (): void => {
    if (!document.hidden) state.tickMs.value = state.hubNowMs();
    setTimeout(move, 1000);
  };
  move();
  effect(() => {
    void state.clockOffsetMs.value;
    state.tickMs.value = state.hubNowMs();
  });
}
