/** Dragging sideways with a finger; up and down still scrolls the page. */

export interface DragNeeds {
  readonly move: (fromPx: number, toPx: number) => void;
  readonly end: (fromPx: number, toPx: number) => void;
  readonly cancel: () => void;
}

// A finger that rests moves a little.
const BEGIN_PX = 10;

/** Reports sideways drags over an element, in pixels from its left edge. Returns what stops listening. */
export function listenForDrags(element: HTMLElement, needs: DragNeeds): () => void {
  let finger: number | null = null;
  let [fromPx, dragging] = [0, false];
  const place = (event: PointerEvent): number => {
    const { left, width } = element.getBoundingClientRect();
    return Math.min(width, Math.max(0, event.clientX - left));
  };
  const down = (event: PointerEvent): void => {
    // A second finger is another gesture; a mouse is heard by the plot itself.
    if (event.pointerType !== "touch" || !event.isPrimary) return;
    [finger, fromPx, dragging] = [event.pointerId, place(event), false];
  };
  const move = (event: PointerEvent): void => {
    if (event.pointerId !== finger) return;
    dragging = dragging || Math.abs(place(event) - fromPx) >= BEGIN_PX;
    if (dragging) needs.move(fromPx, place(event));
  };
  const up = (event: PointerEvent): void => {
    if (event.pointerId !== finger) return;
    finger = null;
    if (dragging) needs.end(fromPx, place(event));
  };
  const cancel = (event: PointerEvent): void => {
    if (event.pointerId !== finger) return;
    finger = null;
    needs.cancel();
  };
  const stop = new AbortController();
  element.addEventListener("pointerdown", down, { signal: stop.signal });
  element.addEventListener("pointermove", move, { signal: stop.signal });
  element.addEventListener("pointerup", up, { signal: stop.signal });
  element.addEventListener("pointercancel", cancel, { signal: stop.signal });
  return () => stop.abort();
}
