/** What the hub says is kept of a topic: its series, the rule it could have, and its messages in the stream. */
import type { TopicMessage } from "./news";

/** An ingest rule as the hub takes it; docs/ingest.md tells the rest. */
export interface IngestRule {
  readonly name: string;
  readonly topic: string;
  readonly parser: string;
  readonly measurement?: string;
  readonly fields?: readonly string[];
  readonly bucket?: string;
}

export interface StoredSeries {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Names, with `float`, `int`, `bool` or `str`. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface TopicStored {
  readonly topic: string;
  readonly rule: IngestRule | null;
  /** `tel` needs no rule; null where nothing takes the topic. */
  readonly origin: "added" | "config" | "shipped" | "tel" | null;
  readonly bucket: string | null;
  readonly series: readonly StoredSeries[];
  /** Why the last message gives no points. */
  readonly problem: string | null;
  readonly proposal: IngestRule | null;
}

export interface PreviewedMessage {
  readonly time_ms: number;
  readonly lines: readonly string[];
  readonly reason: string | null;
}

export interface RulePreview {
  readonly command: string;
  /** The rule that takes the topic already. */
  readonly taken_by: string | null;
  readonly messages: readonly PreviewedMessage[];
}

export interface TopicHistory {
  /** Whether there is a stream that has messages of this broker. */
  readonly kept: boolean;
  /** From when on the messages are all there are. */
  readonly since_ms: number;
  readonly messages: readonly TopicMessage[];
}

export const PARSERS = ["json", "value", "cbor", "senml", "lp", "sparkplug", "tasmota"] as const;

/** The names in a field where one writes several, with commas or blanks between. */
export const namesIn = (text: string): string[] => text.split(/[\s,]+/).filter((name) => name !== "");

/** A field of a series that can be drawn. */
export interface StoredField {
  readonly series: StoredSeries;
  readonly field: string;
  readonly type: string;
  /** What tells it from the others. */
  readonly label: string;
}

/** The numbers and truth values among what is stored, the first fifty of them. */
export function drawableFields(stored: TopicStored): StoredField[] {
  const several = stored.series.length > 1;
  return stored.series
    .flatMap((series) =>
      Object.entries(series.fields)
        .filter(([, type]) => type !== "str")
        .map(([field, type]) => ({ series, field, type, label: labelOf(series, field, several) })),
    )
    .slice(0, 50);
}

function labelOf(series: StoredSeries, field: string, withTags: boolean): string {
  const tags = withTags ? Object.values(series.tags) : [];
  return [`${series.measurement} ${field}`, ...tags].join(", ");
}

/** The messages of the stream with those that came since. */
export function withNewer(
  history: readonly TopicMessage[],
  seen: readonly TopicMessage[],
): readonly TopicMessage[] {
  const newest = history[0]?.time_ms ?? 0;
  // the stream and the eye have clocks a few milliseconds apart for one message
  const known = new Set(history.slice(0, 50).map((one) => one.base64));
  const newer = seen.filter(
    (one) => one.time_ms > newest && !(one.time_ms < newest + 1000 && known.has(one.base64)),
  );
  return [...newer, ...history];
}
