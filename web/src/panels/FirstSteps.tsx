/** The page of a hub without points: it listens, and shows how to send the first one. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api, type FirstStep } from "../api";
import { hub } from "../state";
import { CopyButton } from "./CopyButton";

export function FirstSteps() {
  const ways = useSignal<readonly FirstStep[] | null>(null);
  const problem = useSignal<string | null>(null);
  useEffect(() => {
    api.firstSteps().then(
      (steps) => (ways.value = steps),
      (cause: unknown) => (problem.value = cause instanceof Error ? cause.message : String(cause)),
    );
  }, []);
  return (
    <div class="listening" data-testid="first-steps">
      <div class="beacon" aria-hidden="true" />
      <h2>Listening</h2>
      <p>
        {hub.value?.name ?? "The hub"} is ready and has no points yet. Send the first one in any of these
        ways; its chart appears here by itself.
      </p>
      {problem.value === null ? null : <p class="problem">{problem.value}</p>}
      <div class="ways">
        {(ways.value ?? []).map((way) => (
          <section key={way.id} class="panel way" data-way={way.id}>
            <header class="panel-head">
              <h3>{way.title}</h3>
              <CopyButton text={way.text} />
            </header>
            <pre tabIndex={0}>{way.text}</pre>
          </section>
        ))}
      </div>
    </div>
  );
}
