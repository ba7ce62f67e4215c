/** The WebSocket over which the hub tells what changed; it comes back by itself when it is cut. */
import type { Touched } from "./feed";
import type { TopicNews } from "./topics/news";

type Message =
  | { readonly type: "hello" | "beat"; readonly time_ms: number }
  | { readonly type: "points"; readonly measurements: Touched }
  | TopicNews
  | { readonly type: "schema" };

export interface LiveNeeds {
  readonly address: string;
  readonly opened: () => void;
  readonly closed: (retryMs: number) => void;
  readonly refused: () => void;
  readonly hubTime: (timeMs: number) => void;
  readonly points: (touched: Touched) => void;
  readonly schema: () => void;
  readonly topics: (news: TopicNews) => void;
}

const LOGGED_OUT = 4401;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;
// The hub's beat comes every ten seconds; two missed ones mean that the line is dead.
const SILENCE_MS = 25_000;

/** The wait before the next try: doubled each time, and never the same for two pages. */
export function retryDelay(attempt: number, random: number): number {
  const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt);
  return Math.round(longest * (0.5 + random / 2));
}

export class Live {
  private socket: WebSocket | null = null;
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;

  constructor(private readonly needs: LiveNeeds) {}

  start(): void {
    this.stopped = false;
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.socket?.close();
    this.socket = null;
  }

  /** Says something to the hub, if it can be reached now. */
  say(text: string): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(text);
  }

  /** Tries at once, when the viewer asks for it or the network is back. */
  retryNow(): void {
    if (this.stopped || this.socket?.readyState === WebSocket.OPEN) return;
    clearTimeout(this.timer);
    this.connect();
  }

  private connect(): void {
    const old = this.socket;
    const socket = new WebSocket(this.needs.address);
    this.socket = socket;
    old?.close();
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (socket !== this.socket || typeof event.data !== "string") return;
      this.watch();
      this.receive(JSON.parse(event.data) as Message);
    };
    socket.onclose = (event) => {
      if (socket === this.socket) this.lost(event.code);
    };
    this.watch();
  }

  private receive(message: Message): void {
    if (message.type === "hello") {
      this.attempt = 0;
      this.needs.hubTime(message.time_ms);
      this.needs.opened();
    } else if (message.type === "beat") this.needs.hubTime(message.time_ms);
    else if (message.type === "points") this.needs.points(message.measurements);
    else if (message.type === "topics") this.needs.topics(message);
    else this.needs.schema();
  }

  private watch(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      // A half-open connection's close event may take minutes: let go of it now.
      const dead = this.socket;
      this.socket = null;
      dead?.close();
      this.lost(1006);
    }, SILENCE_MS);
  }

  private lost(code: number): void {
    clearTimeout(this.timer);
    this.socket = null;
    if (this.stopped) return;
    if (code === LOGGED_OUT) {
      this.needs.refused();
      return;
    }
    const delayMs = retryDelay(this.attempt, Math.random());
    this.attempt += 1;
    this.needs.closed(delayMs);
    this.timer = setTimeout(() => this.connect(), delayMs);
  }
}
