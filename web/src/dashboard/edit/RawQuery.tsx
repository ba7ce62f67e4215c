/** A query as text: colours, completion, and the hub's complaint marked at its place. */
import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { variables } from "../session";
import { contextAt, inserted, offersFor, type Context, type Known, type Offer } from "./completion";
import type { FaultPlace } from "./faultPlace";
import { pieces, type Ink } from "./highlight";
import * as lists from "./lists";
import type { QueryLanguage } from "./targets";

interface Props {
  readonly text: string;
  readonly language: QueryLanguage;
  readonly bucket: string;
  readonly fault: FaultPlace | null;
  readonly label: string;
  readonly change: (text: string) => void;
}

interface Box {
  readonly left: number;
  readonly top: number;
}

/** Where a character of the mirrored text stands on the screen, from the mirror's own corner. */
function boxOf(mirror: HTMLElement, offset: number): Box {
  const walker = document.createTreeWalker(mirror, NodeFilter.SHOW_TEXT);
  let rest = offset;
  const range = document.createRange();
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const length = node.textContent?.length ?? 0;
    if (rest <= length) {
      range.setStart(node, rest);
      range.setEnd(node, rest);
      break;
    }
    rest -= length;
  }
  const [box, outer] = [range.getBoundingClientRect(), mirror.getBoundingClientRect()];
  return { left: Math.max(0, box.left - outer.left), top: Math.max(0, box.bottom - outer.top) };
}

function useKnown(context: Context | null, bucket: string): Known {
  const { measurement = "" } = context ?? {};
  const has = (kind: string): boolean => context?.wants.some((want) => want.kind === kind) === true;
  const value = context?.wants.find((want) => want.kind === "value");
  return {
    measurements: has("measurement") ? lists.measurements(bucket).value.names : [],
    fields: has("field") ? lists.fields(bucket, measurement).value.names : [],
    tags: has("tag") ? lists.tags(bucket, measurement).value.names : [],
    values: value?.kind === "value" ? lists.tagValues(bucket, measurement, value.tag).value.names : [],
    buckets: has("bucket") ? lists.buckets().value.names : [],
    variables: (variables.value ?? []).map(({ model }) => model.name),
  };
}

export function RawQuery({ text, language, bucket, fault, label, change }: Props) {
  const id = useId();
  const mirror = useRef<HTMLPreElement>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const caret = useSignal<number | null>(null);
  const at = useSignal(0);
  const box = useSignal<Box>({ left: 0, top: 0 });
  const wantedCaret = useRef<number | null>(null);
  const context = caret.value === null ? null : contextAt(text, caret.value, language);
  const known = useKnown(context, bucket);
  const offers = context === null ? [] : offersFor(context, known, language);
  const chosen = Math.min(at.value, offers.length - 1);
  useEffect(() => {
    if (wantedCaret.current !== null)
      area.current?.setSelectionRange(wantedCaret.current, wantedCaret.current);
    wantedCaret.current = null;
    if (context !== null && mirror.current !== null) box.value = boxOf(mirror.current, context.from);
  });
  const close = (): void => {
    caret.value = null;
  };
  const show = (): void => {
    caret.value = area.current?.selectionStart ?? null;
    at.value = 0;
  };
  const take = (offer: Offer | undefined): void => {
    if (offer === undefined || context === null || caret.value === null) return;
    const next = inserted(text, caret.value, context, offer);
    wantedCaret.current = next.caret;
    close();
    change(next.text);
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === " " && event.ctrlKey) show();
    else if (offers.length === 0) return;
    else if (event.key === "ArrowDown") at.value = Math.min(offers.length - 1, chosen + 1);
    else if (event.key === "ArrowUp") at.value = Math.max(0, chosen - 1);
    else if (event.key === "Enter" || event.key === "Tab") take(offers[chosen]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const type = (event: Event): void => {
    const { value, selectionStart } = event.currentTarget as HTMLTextAreaElement;
    const typed = value.slice(0, selectionStart);
    change(value);
    if (/[\w$"'./[{]$/.test(typed) || /(?:=|\b(?:from|by|where|select|and))\s$/i.test(typed)) show();
    else close();
  };
  return (
    <div class="code" data-testid="raw-query">
      <pre ref={mirror} class="code-mirror" aria-hidden="true">
        <Inked text={text} language={language} fault={fault} />
        {"\n"}
      </pre>
      <textarea
        ref={area}
        class="code-input"
        aria-label={label}
        aria-autocomplete="list"
        aria-controls={offers.length > 0 ? `${id}-offers` : undefined}
        aria-activedescendant={offers.length > 0 ? `${id}-${chosen}` : undefined}
        aria-invalid={fault !== null}
        spellcheck={false}
        autocapitalize="off"
        autocomplete="off"
        value={text}
        onInput={type}
        onKeyDown={press}
        onClick={close}
        onBlur={close}
        data-testid="raw-text"
      />
      {offers.length === 0 ? null : (
        <div
          class="combo-list offers"
          role="listbox"
          id={`${id}-offers`}
          aria-label="Completions"
          style={`left: ${box.value.left}px; top: ${box.value.top + 4}px`}
          data-testid="offers"
        >
          {offers.map((offer, i) => (
            <div
              key={`${offer.kind} ${offer.label}`}
              id={`${id}-${i}`}
              ref={(element) => {
                if (i === chosen) element?.scrollIntoView({ block: "nearest" });
              }}
              role="option"
              aria-selected={i === chosen}
              class={i === chosen ? "combo-choice at" : "combo-choice"}
              onPointerDown={(event) => {
                event.preventDefault();
                take(offer);
              }}
              data-offer={offer.label}
            >
              <span>{offer.label}</span>
              <span class="hint">{offer.kind}</span>
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

interface Stretch {
  readonly text: string;
  readonly ink: Ink;
  readonly wrong: boolean;
}

/** The pieces of the text, cut where the fault begins and ends. */
function stretches(text: string, language: QueryLanguage, fault: FaultPlace | null): Stretch[] {
  const found: Stretch[] = [];
  let from = 0;
  for (const piece of pieces(text, language)) {
    const end = from + piece.text.length;
    const cuts = [fault?.start ?? -1, fault?.end ?? -1].filter((cut) => cut > from && cut < end);
    const edges = [from, ...cuts, end];
    for (let i = 0; i + 1 < edges.length; i += 1) {
      const [start = 0, stop = 0] = edges.slice(i, i + 2);
      const wrong = fault !== null && start >= fault.start && stop <= fault.end;
      found.push({ text: text.slice(start, stop), ink: piece.ink, wrong });
    }
    from = end;
  }
  return found;
}

function Ink({ stretch }: { stretch: Stretch }) {
  return stretch.ink === "plain" ? (
    <>{stretch.text}</>
  ) : (
    <span class={`ink-${stretch.ink}`}>{stretch.text}</span>
  );
}

interface InkedProps {
  readonly text: string;
  readonly language: QueryLanguage;
  readonly fault: FaultPlace | null;
}

function Inked({ text, language, fault }: InkedProps) {
  const all = stretches(text, language, fault);
  const first = all.findIndex(({ wrong }) => wrong);
  if (first < 0)
    return (
      <>
        {all.map((stretch, i) => (
          <Ink key={i} stretch={stretch} />
        ))}
      </>
    );
  const wrong = all.filter((stretch) => stretch.wrong);
  return (
    <>
      {all.slice(0, first).map((stretch, i) => (
        <Ink key={i} stretch={stretch} />
      ))}
      <span key="fault" class="fault" data-testid="fault-mark">
        {wrong.map((stretch, i) => (
          <Ink key={i} stretch={stretch} />
        ))}
      </span>
      {all.slice(first + wrong.length).map((stretch, i) => (
        <Ink key={`after ${i}`} stretch={stretch} />
      ))}
    </>
  );
}
