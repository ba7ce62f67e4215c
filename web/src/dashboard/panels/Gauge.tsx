/** Values on arcs, with their thresholds around them. */
import { cssColour } from "../colours";
import type { PanelProps, ShownField } from "../panel";
import { fitPx } from "./Stat";
import { plainText, shareOf, sideBySide, valuesOf, type ShownValue } from "./values";

const FROM_DEGREES = -120;
const SPAN_DEGREES = 240;

/** An arc of a circle around (50, 50), between two shares of the gauge. */
function arc(from: number, to: number, radius: number): string {
  const point = (share: number): string => {
    const angle = ((FROM_DEGREES + share * SPAN_DEGREES - 90) * Math.PI) / 180;
    return `${(50 + radius * Math.cos(angle)).toFixed(2)} ${(50 + radius * Math.sin(angle)).toFixed(2)}`;
  };
  const large = (to - from) * SPAN_DEGREES > 180 ? 1 : 0;
  return `M ${point(from)} A ${radius} ${radius} 0 ${large} 1 ${point(to)}`;
}

/** The stretches of the range that thresholds colour. */
export function stretches(field: ShownField): { from: number; to: number; color: string }[] {
  const { thresholds } = field.config;
  const steps = thresholds?.steps ?? [];
  const shareAt = (value: number | null): number => {
    if (value === null) return 0;
    const share =
      thresholds?.mode === "percentage" ? value / 100 : (value - field.min) / (field.max - field.min);
    return Math.min(1, Math.max(0, share));
  };
  return steps
    .map((step, i) => ({
      from: shareAt(step.value),
      to: i + 1 < steps.length ? shareAt(steps[i + 1]?.value ?? null) : 1,
      color: step.color,
    }))
    .filter(({ from, to }) => to > from);
}

export function Gauge({ frames, options, widthPx, heightPx, theme }: PanelProps) {
  const values = valuesOf(frames, options);
  if (values.length === 0) return <p class="dash-note">No value to show.</p>;
  const row = sideBySide(options, widthPx, heightPx);
  const count = Math.max(1, values.length);
  const [w, h] = row ? [widthPx / count, heightPx] : [widthPx, Math.max(80, heightPx / count)];
  return (
    <div class={row ? "stats beside" : "stats"}>
      {values.map((value) => (
        <One
          key={value.key}
          value={value}
          theme={theme}
          named={values.length > 1}
          markers={options["showThresholdMarkers"] !== false}
          labels={options["showThresholdLabels"] === true}
          sizePx={Math.min(w, h)}
        />
      ))}
    </div>
  );
}

interface OneProps {
  readonly value: ShownValue;
  readonly theme: "dark" | "light";
  readonly named: boolean;
  readonly markers: boolean;
  readonly labels: boolean;
  readonly sizePx: number;
}

function One({ value, theme, named, markers, labels, sizePx }: OneProps) {
  const { shown, field, title } = value;
  const share = shareOf(value);
  const text = plainText(shown);
  const units = (fitPx(text, sizePx * 0.62, sizePx * 0.2, 44) / Math.max(1, sizePx)) * 100;
  return (
    <div class="gauge" data-value={text}>
      <svg
        viewBox="0 2 100 82"
        role="meter"
        aria-label={title}
        aria-valuemin={field.min}
        aria-valuemax={field.max}
        aria-valuenow={Number.isNaN(value.number) ? field.min : value.number}
        aria-valuetext={text}
      >
        <path d={arc(0, 1, 38)} class="gauge-ground" />
        {share > 0 ? (
          <path d={arc(0, share, 38)} fill="none" stroke={shown.colour} stroke-width="11" />
        ) : null}
        {markers
          ? stretches(field).map(({ from, to, color }) => (
              <path
                key={from}
                d={arc(from, to, 46)}
                fill="none"
                stroke={cssColour(color, theme)}
                stroke-width="2.5"
              />
            ))
          : null}
        <text x="50" y="57" text-anchor="middle" font-size={units} fill={shown.colour} class="gauge-text">
          {text}
        </text>
        {labels ? (
          <>
            <text x="14" y="82" font-size="6" class="gauge-limit">
              {plainText(field.show(field.min))}
            </text>
            <text x="86" y="82" font-size="6" text-anchor="end" class="gauge-limit">
              {plainText(field.show(field.max))}
            </text>
          </>
        ) : null}
      </svg>
      {named ? <span class="stat-name">{title}</span> : null}
    </div>
  );
}
