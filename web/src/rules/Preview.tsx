/** What a trial looked at, as small lines, with a stroke where an alert fired or was resolved. */
import { colourOf } from "../colour";
import { sparkPath } from "../spark";
import { theme } from "../state";
import { tagText, type Trial } from "./client";

const WIDTH = 800;
const HEIGHT = 120;

export function Preview({ trial, fromMs, toMs }: { trial: Trial; fromMs: number; toMs: number }) {
  if (trial.values.length === 0) return null;
  const place = (timeMs: number): number => ((timeMs - fromMs) / Math.max(1, toMs - fromMs)) * WIDTH;
  // All lines share one scale: the first path's own would hide how they stand to each other.
  const every = trial.values.flatMap((one) => one.values.filter((value) => value !== null));
  const [low, high] = [Math.min(...every), Math.max(...every)];
  const scale = (value: number | null): number | null =>
    value === null ? null : high > low ? (value - low) / (high - low) : 0.5;
  return (
    <svg
      class="rule-preview"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Values from ${low} to ${high}`}
    >
      {trial.values.map((one, i) => (
        <path
          key={tagText(one.tags)}
          stroke={colourOf({ hue: i % 8, dashed: false }, theme.value)}
          d={sparkPath(
            { time: [...one.time_ms], lines: [one.values.map(scale)], values: [] },
            { fromMs, toMs },
            { widthPx: WIDTH, heightPx: HEIGHT, max: 1 },
          )}
        />
      ))}
      {trial.changes.map((one, i) => (
        <line key={i} class={one.state} x1={place(one.time_ms)} x2={place(one.time_ms)} y1={0} y2={HEIGHT} />
      ))}
    </svg>
  );
}
