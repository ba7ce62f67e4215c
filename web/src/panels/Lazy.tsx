/** Parts of the page that come in a file of their own, when they are first shown. */
import { signal } from "@preact/signals";
import type * as PartsModule from "../dashboard/parts";
import { CopyButton } from "./CopyButton";

type Parts = typeof PartsModule;

const parts = signal<Parts | null>(null);
const problem = signal<string | null>(null);
let asked = false;

/** Fetches the parts of dashboards, unless they are on their way already. */
export function loadParts(): void {
  if (asked) return;
  asked = true;
  problem.value = null;
  import("../dashboard/parts").then(
    (loaded) => (parts.value = loaded),
    () => {
      asked = false;
      problem.value = "A part of the page could not be loaded. Is the hub there? Load the page again.";
    },
  );
}

export function Lazy({ part }: { part: keyof Parts }) {
  if (parts.value === null && problem.value === null) loadParts();
  if (problem.value !== null)
    return part === "BoardTitle" ? (
      <p class="problem" role="alert">
        {problem.value} <CopyButton text={problem.value} />
      </p>
    ) : null;
  const Part = parts.value?.[part];
  return Part === undefined ? null : <Part />;
}
