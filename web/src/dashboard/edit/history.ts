/** Steps that can be taken back: states before and after the one that is shown. */

export interface History<T> {
  readonly past: readonly T[];
  readonly now: T;
  readonly future: readonly T[];
  /** What the last step changed; a further change of the same thing makes no step of its own. */
  readonly about: string | null;
}

const MOST_STEPS = 100;

export const begin = <T>(now: T): History<T> => ({ past: [], now, future: [], about: null });

/** A step to another state. Typing in one field is one step: those with the same `about` are joined. */
export function step<T>(history: History<T>, next: T, about: string | null = null): History<T> {
  if (next === history.now) return history;
  const joined = about !== null && about === history.about && history.past.length > 0;
  const past = joined ? history.past : [...history.past, history.now].slice(-MOST_STEPS);
  return { past, now: next, future: [], about };
}

export function undone<T>(history: History<T>): History<T> {
  const before = history.past[history.past.length - 1];
  if (before === undefined) return history;
  return {
    past: history.past.slice(0, -1),
    now: before,
    future: [history.now, ...history.future],
    about: null,
  };
}

export function redone<T>(history: History<T>): History<T> {
  const [after, ...future] = history.future;
  if (after === undefined) return history;
  return { past: [...history.past, history.now], now: after, future, about: null };
}
