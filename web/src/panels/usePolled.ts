/** Reads something of the hub again and again while its place is open; what was read stays when it fails. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { hubNowMs } from "../state";

const EVERY_MS = 5000;

export interface Polled<T> {
  readonly value: T | null;
  /** When it was read. */
  readonly readMs: number;
  /** Why it could not be read the last time. */
  readonly problem: string | null;
}

export function usePolled<T>(read: () => Promise<T>): Polled<T> {
  const value = useSignal<T | null>(null);
  const readMs = useSignal(0);
  const problem = useSignal<string | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let left = false;
    const poll = async (): Promise<void> => {
      try {
        value.value = await read();
        readMs.value = hubNowMs();
        problem.value = null;
      } catch (cause) {
        problem.value = cause instanceof Error ? cause.message : String(cause);
      }
      if (!left) timer = setTimeout(() => void poll(), EVERY_MS);
    };
    void poll();
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, []);
  return { value: value.value, readMs: readMs.value, problem: problem.value };
}
