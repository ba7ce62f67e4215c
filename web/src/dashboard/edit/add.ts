/** "Add to dashboard": from any chart, measurement or topic of the page to a panel of a dashboard. */
import { h, render } from "preact";
import type { Target } from "../model";
import { AddDialog } from "./AddDialog";
import { builtTarget, writtenTarget, type Wish, type WrittenQuery } from "./targets";

/** A query as text, or as what the builder needs to know: the latter can be changed in the builder later. */
export type AddedQuery = WrittenQuery | Wish;

export interface Addition {
  /** The panel's title. */
  readonly title: string;
  /** InfluxQL as text, or one or several queries; `$timeFilter` and `$__interval` are filled in when they are asked. */
  readonly query: string | AddedQuery | readonly AddedQuery[];
  /** The kind of panel: a time series unless it is said. */
  readonly type?: string;
  /** A unit of Grafana's, such as `celsius`. */
  readonly unit?: string;
}

const isWish = (query: AddedQuery): query is Wish => "measurement" in query;

/** The targets of an addition, as Grafana has them. */
export function targetsOf(query: Addition["query"]): Target[] {
  const all: readonly AddedQuery[] =
    typeof query === "string" ? [{ query }] : "length" in query ? query : [query];
  return all.map((one, i) => {
    const ref = String.fromCharCode(65 + (i % 26)) + (i >= 26 ? String(Math.floor(i / 26)) : "");
    return isWish(one) ? builtTarget(ref, one) : writtenTarget(ref, one);
  });
}

/**
 * Asks in a small dialogue which dashboard gets the panel, or what a new one is called, and saves it there.
 *
 * Resolves to the dashboard's uid when the panel is saved, to null when the viewer gave up.
 */
export function addToDashboard(addition: Addition): Promise<string | null> {
  const place = document.createElement("div");
  document.body.append(place);
  const before = document.activeElement;
  return new Promise((resolve) => {
    const done = (uid: string | null): void => {
      render(null, place);
      place.remove();
      if (before instanceof HTMLElement) before.focus();
      resolve(uid);
    };
    render(h(AddDialog, { addition, targets: targetsOf(addition.query), done }), place);
  });
}
