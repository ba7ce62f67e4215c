/** Keeps a fault in the drawing of one panel, as settings of wrong kinds make it, away from the others. */
import type { ComponentChildren } from "preact";
import { useEffect, useErrorBoundary } from "preact/hooks";

/** Draws what it is given, or says that it cannot be drawn; tried again when one of `of` changes. */
export function Guard({ of, children }: { of: readonly unknown[]; children: ComponentChildren }) {
  const [fault, tryAgain] = useErrorBoundary() as [Error | undefined, () => void];
  useEffect(() => {
    if (fault !== undefined) tryAgain();
  }, of);
  if (fault === undefined) return <>{children}</>;
  return (
    <div class="blank board-picture" data-testid="panel-fault">
      <p class="problem">This panel cannot be drawn; look at its settings: {fault.message}</p>
    </div>
  );
}
