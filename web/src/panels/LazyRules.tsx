/** The rules' place, whose scripts are loaded when somebody goes there first. */
import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import { NotRead } from "./NotRead";

const loaded = signal<FunctionComponent | null>(null);
const problem = signal<string | null>(null);

function load(): void {
  problem.value = null;
  import("../rules/RulesPage").then(
    (found) => (loaded.value = found.RulesPage),
    () => (problem.value = "The hub does not answer; load the page again when it is back."),
  );
}

export function LazyRules() {
  useEffect(() => {
    if (loaded.value === null) load();
  }, []);
  const Rules = loaded.value;
  if (Rules === null) return <NotRead what="The rules" problem={problem.value} />;
  return <Rules />;
}
