/** The gradient of a series of bars, which goes from the bottom of the picture to its top. */
import type { Room } from "../bars";
import { withAlpha, type Theme } from "../colours";
import { gradientStops } from "../gradient";
import { numberOf, textOf } from "../optionValues";
import type { ShownField } from "../panel";

export interface Span {
  readonly low: number;
  readonly high: number;
}

interface Props {
  readonly id: string;
  readonly field: ShownField;
  readonly theme: Theme;
  readonly span: Span;
  readonly lying: boolean;
  readonly room: Room;
}

export const opacityOf = (field: ShownField): number =>
  Math.min(1, Math.max(0, numberOf((field.config.custom ?? {})["fillOpacity"], 100) / 100));

function stopsOf(field: ShownField, theme: Theme, { low, high }: Span) {
  const mode = textOf((field.config.custom ?? {})["gradientMode"], "none");
  const heights = {
    valueAt: (share: number): number => low + share * (high - low),
    shareOf: (value: number): number => (value - low) / (high - low),
  };
  return gradientStops(field, mode, heights, theme);
}

/** Whether the bars of a field have a gradient. */
export const hasGradient = (field: ShownField, theme: Theme): boolean =>
  stopsOf(field, theme, { low: 0, high: 1 }) !== null;

export function BarGradient({ id, field, theme, span, lying, room }: Props) {
  const stops = stopsOf(field, theme, span);
  if (stops === null) return null;
  const bottom = room.top + room.high;
  const ends = lying
    ? { x1: room.left, x2: room.left + room.wide, y1: 0, y2: 0 }
    : { x1: 0, x2: 0, y1: bottom, y2: room.top };
  return (
    <linearGradient id={id} gradientUnits="userSpaceOnUse" {...ends}>
      {stops.map(({ share, colour }, i) => (
        <stop key={i} offset={share} stop-color={withAlpha(colour, 1)} />
      ))}
    </linearGradient>
  );
}
