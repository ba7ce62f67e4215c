/** How far back the chosen topic is looked at: what was seen, what the stream has, what is stored. */
import { batch, signal } from "@preact/signals";
import { api } from "../api";
import type { Line } from "./LineChart";
import type { StoredField, TopicHistory, TopicStored } from "./keeping";

export const SOURCES = ["seen", "stream", "store"] as const;
export type Source = (typeof SOURCES)[number];

const MINUTE_MS = 60_000;
export const SPANS: readonly (readonly [label: string, ms: number])[] = [
  ["15 min", 15 * MINUTE_MS],
  ["1 h", 60 * MINUTE_MS],
  ["6 h", 360 * MINUTE_MS],
  ["24 h", 1440 * MINUTE_MS],
  ["7 d", 7 * 1440 * MINUTE_MS],
];
const COLUMNS = 300;
const SHORTEST_MS = 1000;

export const source = signal<Source>("seen");
export const spanMs = signal(60 * MINUTE_MS);
export const stored = signal<TopicStored | null>(null);
export const history = signal<TopicHistory | null>(null);
export const trouble = signal<string | null>(null);

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** Forgets what is known of the topic before. */
export function forget(): void {
  batch(() => {
    source.value = "seen";
    stored.value = null;
    history.value = null;
    trouble.value = null;
  });
}

/** Asks what is kept of a topic; what was asked for another one meanwhile is dropped. */
export async function learn(topic: string, isWanted: () => boolean): Promise<void> {
  try {
    const answer = await api.topicStored(topic);
    if (isWanted()) stored.value = answer;
  } catch (cause) {
    if (isWanted()) trouble.value = reasonOf(cause);
  }
}

/** Asks the stream. */
export async function recall(topic: string, isWanted: () => boolean): Promise<void> {
  try {
    const answer = await api.topicHistory(topic, Date.now() - spanMs.value);
    if (isWanted()) batch(() => ([history.value, trouble.value] = [answer, null]));
  } catch (cause) {
    if (isWanted()) trouble.value = reasonOf(cause);
  }
}

/** Asks the store for one field. */
export async function drawn(bucket: string, wanted: StoredField, abort: AbortSignal): Promise<Line> {
  const end = Date.now();
  const { series, field, type } = wanted;
  const [result] = await api.query(
    {
      bucket,
      start_ms: end - spanMs.value,
      end_ms: end,
      interval_ms: Math.max(SHORTEST_MS, Math.round(spanMs.value / COLUMNS / SHORTEST_MS) * SHORTEST_MS),
      queries: [
        {
          id: "topic",
          measurement: series.measurement,
          fields: [field],
          fn: type === "bool" ? "last" : "mean",
          rate: false,
          where: Object.fromEntries(Object.entries(series.tags).map(([tag, value]) => [tag, [value]])),
          group_by: [],
        },
      ],
    },
    abort,
  );
  if (result?.error !== undefined) throw new Error(result.error);
  const values = result?.series?.[0]?.values ?? [];
  return [
    (result?.time_ms ?? []).map((ms) => ms / 1000),
    values.map((value) => (value === null || typeof value === "string" ? null : Number(value))),
  ];
}
