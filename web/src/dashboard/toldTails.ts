/** What the open dashboard holds of its answers, told by the hub of the points that come. */
import { effect } from "@preact/signals";
import { away, BUCKET, hubNowMs, touchListeners } from "../state";
import { Tails } from "./tails";

export const tails = new Tails(BUCKET);
touchListeners.add((fromMs) => tails.touch(hubNowMs(), fromMs));
effect(() => {
  void away.value; // What comes while the connection is away is not told.
  tails.clear();
});
