/** What page and hub say to each other about topics, over the live connection. */
export interface TopicRow {
  readonly path: string;
  readonly name: string;
  readonly depth: number;
  readonly open: boolean;
  /** Levels right below. */
  readonly children: number;
  /** Topics here and below. */
  readonly topics: number;
  readonly messages: number;
  /** The begin of the last payload; absent where only the levels below have messages. */
  readonly text?: string;
  readonly time_ms?: number;
  readonly bytes?: number;
  readonly rate?: number;
  readonly retained?: boolean;
}

export interface TopicMessage {
  readonly time_ms: number;
  readonly bytes: number;
  /** Whether only the begin of the payload is here. */
  readonly cut: boolean;
  readonly retained: boolean;
  readonly base64: string;
  readonly form?: string;
  readonly value?: unknown;
}

export interface TopicDetail {
  readonly topic: string;
  readonly retained: boolean;
  readonly rate: number;
  readonly count: number | null;
  /** Whether a topic `form` right below says something: a device program's options. */
  readonly has_form: boolean;
  /** The newest first; those that were told before are left out. */
  readonly messages: readonly TopicMessage[];
}

export interface TopicCounts {
  readonly topics: number;
  readonly messages: number;
  readonly evicted_topics: number;
  /** Those that came while too many others waited to be looked at. */
  readonly missed_messages: number;
  /** How often the broker was lost, and for how long in all: what came then is not known. */
  readonly interruptions: number;
  readonly interrupted_ms: number;
}

export interface TopicNews {
  readonly type: "topics";
  readonly total: number;
  readonly offset: number;
  /** Whether a search found more than is listed. */
  readonly cut: boolean;
  readonly rows: readonly TopicRow[];
  readonly topic: TopicDetail | null;
  readonly counts: TopicCounts;
}

/** What of the topics is on the screen. */
export interface TopicWindow {
  readonly open: readonly string[];
  readonly offset: number;
  readonly limit: number;
  readonly search: string;
  readonly topic: string | null;
}
