/** A line of the query builder, and what its parts share. */
import type { ComponentChildren } from "preact";

/** The measurement and bucket that lists are asked for. */
export interface Source {
  readonly bucket: string;
  readonly measurement: string;
}

export function Line({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class="builder-line" role="group" aria-label={name}>
      <span class="builder-word">{name}</span>
      <div class="builder-parts">{children}</div>
    </div>
  );
}

export function Remove({ what, run }: { what: string; run: () => void }) {
  return (
    <button type="button" class="tool" aria-label={`Remove ${what}`} title={`Remove ${what}`} onClick={run}>
      ×
    </button>
  );
}
