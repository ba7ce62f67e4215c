/** The topics' place, whose scripts are loaded when somebody goes there first. */
import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import { NotRead } from "./NotRead";

type Place = FunctionComponent<{ topic: string | null }>;

const loaded = signal<Place | null>(null);
const problem = signal<string | null>(null);

function load(): void {
  problem.value = null;
  import("../topics/TopicsPage").then(
    (found) => (loaded.value = found.TopicsPage),
    () => (problem.value = "The hub does not answer; load the page again when it is back."),
  );
}

export function LazyTopics({ topic }: { topic: string | null }) {
  useEffect(() => {
    if (loaded.value === null) load();
  }, []);
  const Topics = loaded.value;
  if (Topics === null) return <NotRead what="The topics" problem={problem.value} />;
  return <Topics topic={topic} />;
}
