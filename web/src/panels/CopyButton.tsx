/** A button that copies a text and says that it did. */
import { useSignal } from "@preact/signals";
import { Check, Copy } from "./icons";

const SAID_MS = 1600;

/** The clipboard exists only on secure addresses; over plain HTTP the old command still works. */
async function copyText(text: string): Promise<void> {
  if (isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way without a secure context
  document.execCommand("copy");
  area.remove();
}

export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const said = useSignal<string | null>(null);
  const copy = (): void => {
    copyText(text).then(
      () => (said.value = "Copied"),
      () => (said.value = "Select and copy by hand"),
    );
    setTimeout(() => (said.value = null), SAID_MS);
  };
  return (
    <button type="button" class="button small" onClick={copy} data-testid="copy">
      {said.value === "Copied" ? <Check /> : <Copy />}
      <span aria-live="polite">{said.value ?? label}</span>
    </button>
  );
}
