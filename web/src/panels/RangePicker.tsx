/** The one time range of the page: quick lengths, typed ends, zone; and pause or live. */
import { useSignal, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { formatInput, formatRange, zoneName } from "../clock";
import { chooseUtc, go, pause, resume } from "../navigate";
import { formatSpanCode, parseRange, parseSpan, QUICK_RANGES } from "../range";
import { hubNowMs, range, shownWindow, tickMs, utc } from "../state";
import { Clock, Down, Pause, Play } from "./icons";

const LONG_NAMES: Readonly<Record<string, string>> = {
  "5m": "5 minutes",
  "15m": "15 minutes",
  "1h": "1 hour",
  "6h": "6 hours",
  "24h": "24 hours",
  "7d": "7 days",
  "30d": "30 days",
};

function currentName(): string {
  if (range.value.kind === "fixed") return formatRange(range.value.fromMs, range.value.toMs, utc.value);
  const code = formatSpanCode(range.value.spanMs);
  return `Last ${LONG_NAMES[code] ?? code}`;
}

function LiveButton() {
  const live = range.value.kind === "live";
  const turn = (): void => {
    const { fromMs, toMs } = shownWindow.value;
    if (live) pause(fromMs, toMs);
    else resume();
  };
  return (
    <button
      type="button"
      class={live ? "button live" : "button"}
      onClick={turn}
      title={live ? "Stop the charts at this moment" : "Follow new points"}
      data-testid="live"
      data-live={live}
    >
      {live ? <Pause /> : <Play />}
      <span>{live ? "Live" : "Go live"}</span>
    </button>
  );
}

export function RangePicker() {
  const open = useSignal(false);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const outside = (event: Event): void => {
      if (event.target instanceof Node && place.current?.contains(event.target) !== true) open.value = false;
    };
    const escape = (event: KeyboardEvent): void => {
      if (event.key === "Escape") open.value = false;
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("keydown", escape);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("keydown", escape);
    };
  }, []);
  return (
    <div class="range" ref={place}>
      <button
        type="button"
        class="button"
        aria-expanded={open.value}
        aria-haspopup="dialog"
        onClick={() => (open.value = !open.value)}
        data-testid="range"
      >
        <Clock />
        <span>{currentName()}</span>
        {utc.value ? <span class="zone">UTC</span> : null}
        <Down />
      </button>
      <LiveButton />
      {open.value ? <RangeDialog open={open} /> : null}
    </div>
  );
}

function QuickRanges({ open }: { open: Signal<boolean> }) {
  const choose = (code: string): void => {
    go({ range: { kind: "live", spanMs: parseSpan(code) ?? 0 } });
    open.value = false;
  };
  const current = range.value.kind === "live" ? formatSpanCode(range.value.spanMs) : "";
  return (
    <div class="quick" role="group" aria-label="Live ranges">
      {QUICK_RANGES.map((code) => (
        <button
          key={code}
          type="button"
          class={code === current ? "button chosen" : "button"}
          aria-pressed={code === current}
          onClick={() => choose(code)}
          data-range={code}
        >
          {LONG_NAMES[code]}
        </button>
      ))}
    </div>
  );
}

function RangeDialog({ open }: { open: Signal<boolean> }) {
  const live = range.value.kind === "live";
  const { fromMs, toMs } = shownWindow.peek();
  const from = useSignal(
    range.value.kind === "live"
      ? `now-${formatSpanCode(range.value.spanMs)}`
      : formatInput(fromMs, utc.value),
  );
  const to = useSignal(live ? "now" : formatInput(toMs, utc.value));
  const problem = useSignal<string | null>(null);
  const apply = (event: Event): void => {
    event.preventDefault();
    const parsed = parseRange(from.value, to.value, hubNowMs(), utc.value);
    if (typeof parsed === "string") {
      problem.value = parsed;
      return;
    }
    go({ range: parsed });
    open.value = false;
  };
  return (
    <div class="popover" role="dialog" aria-label="Time range" data-testid="range-dialog">
      <QuickRanges open={open} />
      <form onSubmit={apply} noValidate>
        <Field label="From" value={from} testid="range-from" />
        <Field label="To" value={to} testid="range-to" />
        <p
          class={problem.value === null ? "hint" : "problem"}
          role={problem.value === null ? undefined : "alert"}
        >
          {problem.value ?? "now-6h, 14:00 or 2026-11-22 14:00"}
        </p>
        <button type="submit" class="button primary" data-testid="range-apply">
          Show
        </button>
        <label class="switch">
          <input
            type="checkbox"
            checked={utc.value}
            onChange={(event) => chooseUtc(event.currentTarget.checked)}
            data-testid="utc"
          />
          <span>UTC</span>
          <span class="hint">{`Your zone: ${zoneName(false, tickMs.peek())}`}</span>
        </label>
      </form>
    </div>
  );
}

function Field({ label, value, testid }: { label: string; value: Signal<string>; testid: string }) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="text"
        spellcheck={false}
        autocomplete="off"
        value={value.value}
        onInput={(event) => (value.value = event.currentTarget.value)}
        data-testid={testid}
      />
    </label>
  );
}
