/** Lines of logs with their times; the level, where one is named, colours the edge. */
import { formatDayClock } from "../../clock";
import { flagOf, textOf } from "../optionValues";
import type { PanelProps, ShownFrame } from "../panel";

const LINES_MOST = 500;

interface LogLine {
  readonly timeMs: number;
  readonly text: string;
  readonly level: string;
  readonly labels: string;
}

function levelOf(text: string): string {
  const word = /\b(emerg|alert|crit|fatal|err|error|warn|warning|notice|info|debug|trace)\b/i.exec(text)?.[1];
  const level = (word ?? "").toLowerCase();
  if (/^(emerg|alert|crit|fatal|err)/.test(level)) return "error";
  return level.startsWith("warn") ? "warning" : level === "" ? "" : "plain";
}

/** The lines of all frames: the first text field is the line, other texts are its labels. */
export function logLines(frames: readonly ShownFrame[], oldestFirst: boolean): LogLine[] {
  const lines = frames.flatMap((frame) => {
    const time = frame.fields.find((field) => field.type === "time");
    const texts = frame.fields.filter((field) => field.type === "string");
    const body = texts.find((field) => /^(line|body|message|msg|value)$/i.test(field.name)) ?? texts[0];
    if (body === undefined) return [];
    const rest = texts.filter((field) => field !== body);
    const level = rest.find((field) => /^(level|severity|lvl)/i.test(field.name));
    return body.values.map((value, i): LogLine => {
      const text = String(value ?? "");
      return {
        timeMs: Number(time?.values[i] ?? NaN),
        text,
        level: levelOf(String(level?.values[i] ?? text)),
        labels: rest.map((field) => `${field.title}=${String(field.values[i] ?? "")}`).join(" "),
      };
    });
  });
  return lines.sort((a, b) => (oldestFirst ? 1 : -1) * (a.timeMs - b.timeMs)).slice(0, LINES_MOST);
}

export function Logs({ frames, options, utc }: PanelProps) {
  const lines = logLines(frames, textOf(options["sortOrder"]) === "Ascending");
  if (lines.length === 0) return <p class="dash-note">No lines in this range.</p>;
  const [timed, labelled] = [flagOf(options["showTime"], true), flagOf(options["showLabels"])];
  return (
    <ol class="dash-logs" tabIndex={0} aria-label="Log lines">
      {lines.map((line, i) => (
        <li key={i} class={line.level}>
          {timed && !Number.isNaN(line.timeMs) ? <time>{formatDayClock(line.timeMs, utc)}</time> : null}
          {line.level === "error" ? <span class="hidden-text">error: </span> : null}
          {labelled ? <span class="labels">{line.labels}</span> : null}
          <bdi>{line.text}</bdi>
        </li>
      ))}
    </ol>
  );
}
