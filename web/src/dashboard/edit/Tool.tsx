/** A small button of a list: a sign for the eye, a name for everybody else. */

interface Props {
  readonly label: string;
  readonly sign: string;
  /** Null where there is nothing to do. */
  readonly run: (() => void) | null;
  readonly testid?: string;
}

export function Tool({ label, sign, run, testid }: Props) {
  return (
    <button
      type="button"
      class="tool"
      aria-label={label}
      title={label}
      disabled={run === null}
      onClick={() => run?.()}
      data-testid={testid}
    >
      {sign}
    </button>
  );
}
