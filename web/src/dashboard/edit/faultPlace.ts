/** Where in a query's text the hub found a fault. The hub saw the text with its variables filled in. */
import type { Problem } from "../client";

export interface FaultPlace {
  /** Counted in characters from the text's beginning. */
  readonly start: number;
  readonly end: number;
}

const FILLED = /\$__\w+\([^()]*\)|\$\w+|\$\{[^}]*\}|\[\[[^\]]*\]\]|\bv\.\w+/g;

function offsetOf(text: string, line: number, column: number): number {
  const lines = text.split("\n");
  const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  return Math.min(text.length, before + Math.max(0, column - 1));
}

/** Where in the text that was written stands what is at a place of the text that was sent. */
export function placeWritten(written: string, sent: string, offset: number): number {
  let [from, at] = [0, 0];
  const marks = [...written.matchAll(FILLED), null];
  for (const mark of marks) {
    const end = mark?.index ?? written.length;
    const literal = written.slice(at, end);
    if (literal === "" && mark === null) return offset < sent.length ? (lastMark(written, at) ?? at) : at;
    const start = literal === "" ? from : sent.indexOf(literal, from);
    if (start < 0) return Math.min(at, written.length);
    // Before this stretch: within what a variable stands for.
    if (offset < start) return at === 0 ? 0 : (lastMark(written, at) ?? at);
    if (offset < start + literal.length || mark === null)
      return Math.min(written.length, at + offset - start);
    from = start + literal.length;
    at = end + mark[0].length;
  }
  return written.length;
}

function lastMark(written: string, before: number): number | undefined {
  return [...written.slice(0, before).matchAll(FILLED)].at(-1)?.index;
}

/** The place that DuckDB draws beneath a line of the text: `LINE 2: …` and a caret. */
function drawnPlace(message: string, sent: string): number | null {
  const found = /LINE (\d+): ([^\n]*)\n( *)\^/.exec(message);
  if (found === null) return null;
  const [, line = "1", excerpt = "", indent = ""] = found;
  const column = indent.length - `LINE ${line}: `.length;
  const whole = sent.split("\n")[Number(line) - 1] ?? "";
  const shown = excerpt.replace(/^\.\.\./, "").replace(/\.\.\.$/, "");
  const cut = excerpt.startsWith("...") ? whole.indexOf(shown) - 3 : 0;
  return offsetOf(sent, Number(line), column + 1 + Math.max(cut, 0));
}

/** The first name of a message that stands in the text, where the message has no place. */
function namedPlace(message: string, sent: string): number | null {
  for (const [, quoted, called] of message.matchAll(/["'`]([^"'`\n]{1,80})["'`]|\b(\w+)\(\)/g)) {
    const name = quoted ?? called ?? "";
    const at = name === "" ? -1 : sent.indexOf(name);
    if (at >= 0) return at;
  }
  return null;
}

/** The place of a problem in the text that was written; null when the hub does not know one. */
export function faultPlace(problem: Problem, written: string, sent: string): FaultPlace | null {
  const offset =
    problem.line != null && problem.line > 0
      ? offsetOf(sent, problem.line, problem.column ?? 1)
      : (drawnPlace(problem.message, sent) ?? namedPlace(problem.message, sent));
  if (offset === null) return null;
  const start = Math.max(0, Math.min(placeWritten(written, sent, offset), written.length));
  const mark = [...written.matchAll(FILLED)].find(({ index }) => index === start)?.[0].length;
  if (mark !== undefined) return { start, end: start + mark };
  const word = /^(?:\w+|"[^"\n]*"|'[^'\n]*'|\s*\S)/.exec(written.slice(start))?.[0].length ?? 0;
  return { start: word === 0 ? Math.max(0, start - 1) : start, end: start + word };
}

/** Line and column of a place, counted from 1. */
export function lineAndColumn(
  text: string,
  offset: number,
): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}
