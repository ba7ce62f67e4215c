/** Hands answers to their panels: at first all at once, later a few in each frame, so that nothing jerks. */
import type { Signal } from "@preact/signals";

const PANELS_A_FRAME = 2;
const nextFrame = (): Promise<unknown> =>
  new Promise((resolve) => {
    requestAnimationFrame(resolve);
  });

export async function deliver<Value>(
  data: Signal<ReadonlyMap<string, Value>>,
  answers: ReadonlyMap<string, Value>,
  abort: AbortSignal,
): Promise<void> {
  const all = [...answers];
  const calm = !document.hidden && all.every(([key]) => data.peek().has(key));
  const step = calm ? PANELS_A_FRAME : Math.max(1, all.length);
  for (let i = 0; i < all.length; i += step) {
    if (i > 0) await nextFrame();
    if (abort.aborted) return;
    data.value = new Map([...data.peek(), ...all.slice(i, i + step)]);
  }
}
