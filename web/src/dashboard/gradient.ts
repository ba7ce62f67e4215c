/** Gradients of lines, fills and bars: by opacity, by hue, or by what the colour scheme says of each value. */
import { cssColour, schemeColour, spun, withAlpha, type Theme } from "./colours";
import type { ShownField } from "./panel";

export interface Stop {
  /** 0 at the bottom of the picture, 1 at its top. */
  readonly share: number;
  readonly colour: string;
}

/** How the values of a picture stand in it. */
export interface Heights {
  readonly valueAt: (share: number) => number;
  readonly shareOf: (value: number) => number;
}

const SCHEME_STOPS = 16;
const HUE_DEGREES = 20;

const within = (share: number): number => Math.min(1, Math.max(0, Number.isNaN(share) ? 0 : share));

/** Hard edges where the value reaches the next step. */
function thresholdStops(field: ShownField, { shareOf }: Heights, theme: Theme): Stop[] {
  const { mode, steps = [] } = field.config.thresholds ?? {};
  const valueOf = (value: number): number =>
    mode === "percentage" ? field.min + (value / 100) * (field.max - field.min) : value;
  let colour = cssColour(steps[0]?.color ?? "green", theme);
  const stops: Stop[] = [{ share: 0, colour }];
  for (const step of steps) {
    if (step.value === null) continue;
    const share = within(shareOf(valueOf(step.value)));
    stops.push({ share, colour });
    colour = cssColour(step.color, theme);
    stops.push({ share, colour });
  }
  return [...stops, { share: 1, colour }];
}

function schemeStops(field: ShownField, { valueAt }: Heights, theme: Theme): Stop[] | null {
  const scheme = field.config.color?.mode ?? "";
  const stops = Array.from({ length: SCHEME_STOPS + 1 }, (_, i) => {
    const share = i / SCHEME_STOPS;
    const colour = schemeColour(scheme, (valueAt(share) - field.min) / (field.max - field.min || 1), theme);
    return { share, colour: colour ?? "" };
  });
  return stops.some(({ colour }) => colour === "") ? null : stops;
}

/** The colours from bottom to top; null where the mode is none, or the field has no scheme of values. */
export function gradientStops(
  field: ShownField,
  mode: string,
  heights: Heights,
  theme: Theme,
): readonly Stop[] | null {
  const { colour } = field;
  if (mode === "opacity")
    return [
      { share: 0, colour: withAlpha(colour, 0) },
      { share: 1, colour },
    ];
  if (mode === "hue")
    return [
      { share: 0, colour: spun(colour, -HUE_DEGREES, -0.12) },
      { share: 1, colour: spun(colour, HUE_DEGREES, 0.08) },
    ];
  if (mode !== "scheme") return null;
  return field.config.color?.mode === "thresholds"
    ? thresholdStops(field, heights, theme)
    : schemeStops(field, heights, theme);
}

/** The same colours, as far as they are seen through. */
export const throughStops = (stops: readonly Stop[], opacity: number): Stop[] =>
  stops.map(({ share, colour }) => ({ share, colour: withAlpha(colour, opacity) }));
