/** What rules told in the window that is shown, read for the marks on its charts. */
import { effect, signal } from "@preact/signals";
import { request } from "./api";
import { marksOf, type Mark, type MarksAnswer } from "./marks";
import { address, phase, shownWindow } from "./state";

const EVERY_MS = 10_000;

/** The marks of the shown window, the newest first. */
export const marks = signal<readonly Mark[]>([]);

async function read(): Promise<void> {
  const { fromMs, toMs } = shownWindow.peek();
  const spanMs = toMs - fromMs;
  // Somewhat more than is shown: the window slides.
  const [start, end] = [Math.floor(fromMs - spanMs / 4), Math.ceil(toMs + spanMs / 4)];
  const answer = await request<MarksAnswer>(
    "GET",
    `/api/alerts?start_ms=${Math.max(0, start)}&end_ms=${end}`,
  );
  marks.value = marksOf(answer);
}

/** Reads the marks again and again while a device's charts are shown. */
export function followMarks(): void {
  effect(() => {
    const { place, range } = address.value;
    if (phase.value !== "ready" || place.name !== "device") return undefined;
    void range;
    // A chart without marks is a chart: who may not read them, or lost the hub, is not told here.
    const ask = (): void => void read().catch(() => undefined);
    ask();
    const timer = setInterval(ask, EVERY_MS);
    return () => clearInterval(timer);
  });
}
