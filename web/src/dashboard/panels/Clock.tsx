/** A clock, or the time to or since a moment. */
import { useEffect, useState } from "preact/hooks";
import { formatDate } from "../../clock";
import { cssColour } from "../colours";
import { formatMoment } from "../moments";
import { flagOf, recordOf, textOf } from "../optionValues";
import type { PanelProps } from "../panel";

function inZone(nowMs: number, zone: string, hour12: boolean): string | undefined {
  try {
    return new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeStyle: "medium", hour12 }).format(nowMs);
  } catch {
    // A zone that this browser does not know: the page's own zone is shown.
    return undefined;
  }
}

/** `2 d 03:04:05` */
export function spanText(spanMs: number): string {
  const seconds = Math.floor(Math.abs(spanMs) / 1000);
  const days = Math.floor(seconds / 86_400);
  const rest = [seconds % 86_400, seconds % 3600, seconds % 60];
  const parts = [Math.floor((rest[0] ?? 0) / 3600), Math.floor((rest[1] ?? 0) / 60), rest[2] ?? 0];
  const clock = parts.map((part) => String(part).padStart(2, "0")).join(":");
  return days > 0 ? `${days} d ${clock}` : clock;
}

function clockText(options: PanelProps["options"], nowMs: number, utc: boolean): string {
  const mode = textOf(options["mode"], "time");
  if (mode === "countdown" || mode === "countup") {
    const settings = recordOf(options[`${mode}Settings`]);
    const endMs = Date.parse(
      textOf(settings[mode === "countdown" ? "endCountdownTime" : "beginCountupTime"]),
    );
    const spanMs = mode === "countdown" ? endMs - nowMs : nowMs - endMs;
    if (Number.isNaN(spanMs)) return "No time is set";
    return spanMs < 0
      ? textOf(settings[mode === "countdown" ? "endText" : "beginText"], "00:00:00")
      : spanText(spanMs);
  }
  const hour12 = textOf(options["clockType"], "24 hour") === "12 hour";
  const zone = textOf(options["timezone"]);
  const own = textOf(recordOf(options["timeSettings"])["customFormat"]);
  if (textOf(options["clockType"]) === "custom" && own !== "") return formatMoment(nowMs, own, utc);
  const zoned = zone === "" ? undefined : inZone(nowMs, zone, hour12);
  return zoned ?? formatMoment(nowMs, hour12 ? "h:mm:ss A" : "HH:mm:ss", utc);
}

export function Clock({ options, utc, theme, heightPx }: PanelProps) {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const dated = flagOf(recordOf(options["dateSettings"])["showDate"]);
  const background = textOf(options["bgColor"]);
  return (
    <div class="dash-clock" style={background === "" ? {} : { background: cssColour(background, theme) }}>
      {dated ? <span class="date">{formatDate(nowMs, utc)}</span> : null}
      <time role="timer" style={{ fontSize: `${Math.max(16, Math.min(56, heightPx / 3))}px` }}>
        {clockText(options, nowMs, utc)}
      </time>
    </div>
  );
}
