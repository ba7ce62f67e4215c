/** What the topics' place knows: which levels are open, what is on the screen, and the chosen topic's messages. */
import { batch, computed, signal } from "@preact/signals";
import { showTopics, topicNews } from "../hub";
import type { TopicDetail, TopicMessage, TopicNews } from "./news";

export const ROW_PX = 28;
const AROUND_ROWS = 30;
const MOST_MESSAGES = 300;
const LATER_MS = 60;

export const opened = signal<ReadonlySet<string>>(new Set());
export const searched = signal("");
export const paused = signal(false);
export const first = signal(0);
export const visible = signal(30);
export const shown = signal<TopicNews | null>(null);
export const detail = signal<TopicDetail | null>(null);
export const messages = signal<readonly TopicMessage[]>([]);
/** The rows of the next window may be others: what is on the screen stays until they are here. */
export const offset = computed(() => Math.max(0, first.value - AROUND_ROWS));

let chosen: string | null = null;
let kept: readonly TopicMessage[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

function ask(): void {
  showTopics({
    open: [...opened.value],
    offset: offset.value,
    limit: visible.value + 2 * AROUND_ROWS,
    search: searched.value,
    topic: chosen,
  });
}

/** Asks for what is on the screen now, once for several changes in a row. */
export function askSoon(): void {
  clearTimeout(timer);
  timer = setTimeout(ask, LATER_MS);
}

/** Shows another topic in full. */
export function choose(topic: string | null): void {
  if (topic !== chosen) {
    chosen = topic;
    kept = [];
    batch(() => {
      detail.value = null;
      messages.value = [];
    });
  }
  ask();
}

export function toggle(path: string): void {
  const next = new Set(opened.value);
  if (!next.delete(path)) next.add(path);
  opened.value = next;
  askSoon();
}

/** Opens all levels above a topic. */
export function reveal(topic: string): void {
  const levels = topic.split("/");
  const above = levels.slice(0, -1).map((_, at) => levels.slice(0, at + 1).join("/"));
  opened.value = new Set([...opened.value, ...above]);
  askSoon();
}

/** Puts new messages before the known ones; the hub repeats those of the last moment. */
export function merged(known: readonly TopicMessage[], fresh: readonly TopicMessage[]): TopicMessage[] {
  const keyOf = (one: TopicMessage): string => `${one.time_ms} ${one.base64}`;
  const oldest = fresh[fresh.length - 1]?.time_ms ?? 0;
  const told = new Set(known.filter((one) => one.time_ms >= oldest).map(keyOf));
  return [...fresh.filter((one) => !told.has(keyOf(one))), ...known].slice(0, MOST_MESSAGES);
}

/** Takes in what the hub told; while it is paused only the messages, which the hub tells once. */
export function take(news: TopicNews | null): void {
  if (news === null) return;
  const ours = news.topic !== null && news.topic.topic === chosen ? news.topic : null;
  if (ours !== null) kept = merged(kept, ours.messages);
  if (paused.value) return;
  batch(() => {
    shown.value = news;
    if (ours === null) return;
    detail.value = ours;
    messages.value = kept;
  });
}

/** Stops the hub's telling; what is known stays for the next time. */
export function leave(): void {
  clearTimeout(timer);
  topicNews.value = null;
  chosen = null;
  showTopics(null);
}
