/** A dialogue over the page: the browser keeps the focus in it, and Escape closes it. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  readonly title: string;
  readonly close: () => void;
  readonly testid: string;
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}

export function Dialog({ title, close, testid, wide, children }: Props) {
  const place = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    place.current?.showModal();
  }, []);
  return (
    <dialog
      ref={place}
      class={wide === true ? "dialog wide" : "dialog"}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      // Keys of the dialogue are not for the page below it.
      onKeyDown={(event) => event.stopPropagation()}
      data-testid={testid}
    >
      <header class="dialog-head">
        <h2>{title}</h2>
        <button type="button" class="button icon-only" aria-label="Close" title="Close" onClick={close}>
          ×
        </button>
      </header>
      {children}
    </dialog>
  );
}
