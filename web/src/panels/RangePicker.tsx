/** The one time range of the page: quick lengths, typed ends, zone; and pause or live. */
import type { Signal } from "@preact/signals";
import { formatInput, formatRange } from "../clock";
import { go, pause, resume } from "../navigate";
import { formatSpanCode, parseRange, parseSpan, QUICK_RANGES } from "../range";
import { hubNowMs, range, shownWindow, utc } from "../state";
import { Pause, Play } from "./icons";
import { TimesButton, TimesDialog } from "./TimesDialog";
import { usePopover } from "./usePopover";

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
  const { open, place } = usePopover();
  return (
    <div class="range" ref={place}>
      <TimesButton open={open} name={currentName()} isUtc={utc.value} testid="range" />
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
  const apply = (from: string, to: string): string | null => {
    const parsed = parseRange(from, to, hubNowMs(), utc.value);
    if (typeof parsed === "string") return parsed;
    go({ range: parsed });
    open.value = false;
    return null;
  };
  return (
    <TimesDialog
      from={
        range.value.kind === "live"
          ? `now-${formatSpanCode(range.value.spanMs)}`
          : formatInput(fromMs, utc.value)
      }
      to={live ? "now" : formatInput(toMs, utc.value)}
      hint="now-6h, 14:00 or 2026-11-22 14:00"
      testid="range"
      apply={apply}
    >
      <QuickRanges open={open} />
    </TimesDialog>
  );
}
