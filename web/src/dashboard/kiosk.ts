/** Panels only, for a screen on a wall; the address says so: `kiosk`. */
import { computed, effect } from "@preact/signals";
import { address } from "../state";
import { change } from "./session";

export const isKiosk = computed(() => {
  const { place } = address.value;
  return "query" in place && new URLSearchParams(place.query).has("kiosk");
});

export function kiosk(on: boolean): void {
  if (on !== isKiosk.peek()) change({ kiosk: on ? "1" : null });
}

effect(() => {
  document.body.toggleAttribute("data-kiosk", isKiosk.value);
});
