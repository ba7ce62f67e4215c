/** Ticks of axes, and the space that texts take, for panels that are drawn as SVG. */
import { formatTimeTicks } from "../clock";

/** The round step (1, 2 or 5 times a power of ten) that gives at most `most` steps in a span. */
export function roundStep(span: number, most: number): number {
  const exact = span / Math.max(1, most);
  if (!(exact > 0) || !Number.isFinite(exact)) return 1;
  const power = 10 ** Math.floor(Math.log10(exact));
  return ([1, 2, 5].find((digit) => digit * power >= exact * (1 - 1e-9)) ?? 10) * power;
}

/** Round values from `low` to `high`, both included where they are round. */
export function valueTicks(low: number, high: number, most: number): number[] {
  if (!Number.isFinite(low) || !Number.isFinite(high) || high <= low) return [];
  const step = roundStep(high - low, most);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

const TIME_STEPS_S = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
];
const DAY_MS = 86_400_000;

/** Ticks of a time axis with their labels; days begin at midnight of the zone that is shown. */
export function timeTicks(
  fromMs: number,
  toMs: number,
  most: number,
  utc: boolean,
): { readonly atMs: number; readonly label: string }[] {
  const exactMs = (toMs - fromMs) / Math.max(1, most);
  if (!(exactMs > 0) || !Number.isFinite(exactMs)) return [];
  const known = TIME_STEPS_S.find((step) => step * 1000 >= exactMs);
  const stepMs = known === undefined ? Math.ceil(exactMs / DAY_MS) * DAY_MS : known * 1000;
  const zoneMs = utc ? 0 : new Date(fromMs).getTimezoneOffset() * 60_000;
  const ticks: number[] = [];
  for (let at = Math.ceil((fromMs - zoneMs) / stepMs) * stepMs + zoneMs; at <= toMs; at += stepMs)
    ticks.push(at);
  return formatTimeTicks(ticks, stepMs, utc).map((label, i) => ({ atMs: ticks[i] ?? 0, label }));
}

const LETTER_PX = 7;
/** About how wide a text of 12 px is. */
export const textWidthPx = (text: string): number => Math.ceil(text.length * LETTER_PX);

/** A text cut to a width; its end tells names apart, so the middle goes. */
export function fitted(text: string, widthPx: number): string {
  const most = Math.max(1, Math.floor(widthPx / LETTER_PX));
  if (text.length <= most) return text;
  if (most < 4) return text.slice(0, most);
  const head = Math.ceil((most - 1) / 3);
  return `${text.slice(0, head)}…${text.slice(text.length - (most - 1 - head))}`;
}
