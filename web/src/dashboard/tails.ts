/**
 * Live panels ask for their newest intervals only, and put them to what they hold: older ones do not change,
 * unless the hub says that points came for them. Once a minute, and whenever anything is not as it was, a panel
 * asks for all of its range again.
 */
import type { AnswerFrame, PanelAnswer } from "./client";

/** A query of this moment; all times in ms. */
export interface Moment {
  readonly id: string;
  /** The query before anything is filled in. */
  readonly query: string;
  /** What must stay equal for an answer to be continued: the text without its times. */
  readonly shape: string;
  readonly bucket: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly intervalMs: number;
}

interface Held {
  readonly moment: Moment;
  readonly askedMs: number;
  readonly wholeMs: number;
  readonly frames: readonly AnswerFrame[];
}

interface Asked {
  readonly moment: Moment;
  readonly tailMs: number | null;
}

const WHOLE_EVERY_MS = 60_000;
/** In longer intervals the first one shown is not whole, and changes. */
const LONGEST_MS = 60_000;
const WINDOWED =
  /^\s*select\s+([^;]+?)\s+from\s[^;]*\$(?:__)?timeFilter[^;]*group\s+by\s+time\(\s*\$__interval\s*\)[^;]*$/i;
const OTHERWISE =
  /\b(?:limit|slimit|offset|soffset|order|tz|into)\b|\bfrom\s+(?:"[^"]*"|\w+)\s*\.|\bfill\(\s*(?!none|null)/i;
/** Of them an interval's value depends on its own points alone. */
const ALONE: ReadonlySet<string> = new Set(
  "count first last max mean median min mode percentile spread stddev sum".split(" "),
);

/** Whether the answer to a query can be continued by that to its newest intervals. */
export function continues(query: string): boolean {
  const listed = WINDOWED.exec(query)?.[1];
  if (listed === undefined || OTHERWISE.test(query) || (query.match(/\bselect\b/gi) ?? []).length > 1)
    return false;
  const called = [...listed.matchAll(/([a-z_]+)\s*\(/gi)].map(([, name]) => (name ?? "").toLowerCase());
  return called.length > 0 && called.every((name) => ALONE.has(name));
}

const nameOf = (frame: AnswerFrame): string => JSON.stringify([frame.name, frame.labels ?? {}]);

function joined(
  old: AnswerFrame,
  tail: AnswerFrame | undefined,
  fromMs: number,
  tailMs: number,
): AnswerFrame {
  const times = old.fields[0]?.values ?? [];
  const at = (ms: number): number => {
    const found = times.findIndex((time) => typeof time === "number" && time >= ms);
    return found < 0 ? times.length : found;
  };
  const [first, end] = [at(fromMs), at(tailMs)];
  return {
    ...old,
    fields: old.fields.map((field, i) => ({
      ...field,
      values: [...field.values.slice(first, end), ...(tail?.fields[i]?.values ?? [])],
    })),
  };
}

/** Puts the newest intervals to an answer; null where only the whole answer tells what is shown. */
export function continued(
  old: readonly AnswerFrame[],
  tail: readonly AnswerFrame[],
  fromMs: number,
  tailMs: number,
): readonly AnswerFrame[] | null {
  const found = new Map(tail.map((frame) => [nameOf(frame), frame]));
  const known = new Set(old.map(nameOf));
  const alike = [...old, ...tail].every((frame) => frame.fields.length === 2);
  if (!alike || known.size !== old.length || found.size !== tail.length) return null;
  if (tail.some((frame) => !known.has(nameOf(frame)))) return null;
  return old.map((frame) => joined(frame, found.get(nameOf(frame)), fromMs, tailMs));
}

/** What panels hold of their answers, from one round of questions to the next. */
export class Tails {
  /** `bucket` is the one of whose points the hub tells. */
  constructor(private readonly bucket: string) {}

  private held = new Map<string, Held>();
  private asked = new Map<string, Asked>();
  private touches: { readonly toldMs: number; readonly fromMs: number }[] = [];
  private nowMs = 0;

  /** The hub told at a time of its own that points came; the oldest of them is of `fromMs`. */
  touch(toldMs: number, fromMs: number): void {
    this.touches = this.touches.filter((one) => toldMs - one.toldMs < 2 * WHOLE_EVERY_MS);
    this.touches.push({ toldMs, fromMs });
  }

  /** Forgets everything. */
  clear(): void {
    this.held.clear();
    this.asked.clear();
  }

  /** A round of questions begins. */
  begin(nowMs: number): void {
    this.nowMs = nowMs;
    this.asked = new Map();
  }

  /** Returns from when on a query is to be asked: its own beginning, or that of its newest intervals. */
  from(moment: Moment): number {
    if (moment.bucket !== this.bucket || moment.intervalMs > LONGEST_MS || !continues(moment.query))
      return moment.fromMs;
    const tailMs = this.tailOf(moment);
    this.asked.set(moment.id, { moment, tailMs });
    return tailMs ?? moment.fromMs;
  }

  private tailOf(moment: Moment): number | null {
    const held = this.held.get(moment.id);
    if (held === undefined || this.nowMs - held.wholeMs >= WHOLE_EVERY_MS) return null;
    const { shape, intervalMs, fromMs, toMs } = held.moment;
    if (shape !== moment.shape || intervalMs !== moment.intervalMs || fromMs > moment.fromMs) return null;
    // The hub may have answered from its memory, as things were an interval before.
    const heldMs = held.askedMs - intervalMs;
    const late = this.touches.filter((one) => one.toldMs >= heldMs).map((one) => one.fromMs);
    const oldestMs = Math.min(Math.min(heldMs, toMs) - intervalMs, ...late);
    const tailMs = Math.floor(oldestMs / intervalMs) * intervalMs;
    return tailMs > moment.fromMs ? tailMs : null;
  }

  /** Returns the whole answers of the round, and holds them; what is not among them is asked for whole later. */
  end(answers: readonly PanelAnswer[]): readonly PanelAnswer[] {
    const held = new Map<string, Held>();
    const whole = answers.map((answer) => {
      const asked = this.asked.get(answer.id);
      if (asked === undefined || answer.frames === undefined || answer.truncated === true) return answer;
      const before = this.held.get(answer.id);
      const frames = this.framesOf(asked, answer.frames, before);
      // Something is there that was not: what was shown stays for this round, and the next asks for all.
      if (frames === null) return { ...answer, frames: before?.frames ?? [] };
      const wholeMs = asked.tailMs === null ? this.nowMs : (before?.wholeMs ?? 0);
      held.set(answer.id, { moment: asked.moment, askedMs: this.nowMs, wholeMs, frames });
      return { ...answer, frames };
    });
    this.held = held;
    return whole;
  }

  private framesOf(
    asked: Asked,
    frames: readonly AnswerFrame[],
    before: Held | undefined,
  ): readonly AnswerFrame[] | null {
    if (asked.tailMs === null) return frames;
    return before === undefined ? null : continued(before.frames, frames, asked.moment.fromMs, asked.tailMs);
  }
}
