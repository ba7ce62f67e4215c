/** The place of identities, whose scripts are loaded when somebody goes there first. */
import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import { NotRead } from "./NotRead";

const loaded = signal<FunctionComponent | null>(null);
const problem = signal<string | null>(null);

function load(): void {
  problem.value = null;
  import("../access/AccessPage").then(
    (found) => (loaded.value = found.AccessPage),
    () => (problem.value = "The hub does not answer; load the page again when it is back."),
  );
}

export function LazyAccess() {
  useEffect(() => {
    if (loaded.value === null) load();
  }, []);
  const Access = loaded.value;
  if (Access === null) return <NotRead what="Who may come in" problem={problem.value} />;
  return <Access />;
}
