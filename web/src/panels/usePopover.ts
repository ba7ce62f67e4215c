/** A box that opens at a button and closes by a press outside or by Escape. */
import { useSignal, type Signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

export function usePopover(): {
  readonly open: Signal<boolean>;
  readonly place: RefObject<HTMLDivElement | null>;
} {
  const open = useSignal(false);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const outside = (event: Event): void => {
      if (event.target instanceof Node && place.current?.contains(event.target) !== true) open.value = false;
    };
    const escape = (event: KeyboardEvent): void => {
      if (event.key === "Escape") open.value = false;
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("keydown", escape);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("keydown", escape);
    };
  }, []);
  return { open, place };
}
