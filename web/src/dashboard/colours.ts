/** Grafana's named colours, its palette, and its continuous schemes. */

/** The classic palette, in the order in which series take it. */
export const PALETTE = [
  ...["#73BF69", "#F2CC0C", "#5794F2", "#FF9830", "#F2495C", "#B877D9", "#8AB8FF", "#FADE2A"],
  ...["#705DA0", "#37872D", "#E0B400", "#3274D9", "#FA6400", "#C4162A", "#A352CC", "#1F60C4"],
  ...["#FFB357", "#96D98D", "#FF7383", "#CA95E5", "#C0D8FF", "#FFEE52", "#8F3BB8", "#56A64B"],
];

const NAMED: Readonly<Record<string, readonly [dark: string, light: string]>> = {
  "super-light-green": ["#C8F2C2", "#C8F2C2"],
  "light-green": ["#96D98D", "#96D98D"],
  green: ["#73BF69", "#56A64B"],
  "semi-dark-green": ["#56A64B", "#37872D"],
  "dark-green": ["#37872D", "#19730E"],
  "super-light-yellow": ["#FFF899", "#FFF899"],
  "light-yellow": ["#FFEE52", "#FFEE52"],
  yellow: ["#FADE2A", "#F2CC0C"],
  "semi-dark-yellow": ["#F2CC0C", "#E0B400"],
  "dark-yellow": ["#E0B400", "#CC9D00"],
  "super-light-red": ["#FFA6B0", "#FFA6B0"],
  "light-red": ["#FF7383", "#FF7383"],
  red: ["#F2495C", "#E02F44"],
  "semi-dark-red": ["#E02F44", "#C4162A"],
  "dark-red": ["#C4162A", "#AD0317"],
  "super-light-blue": ["#C0D8FF", "#C0D8FF"],
  "light-blue": ["#8AB8FF", "#8AB8FF"],
  blue: ["#5794F2", "#3274D9"],
  "semi-dark-blue": ["#3274D9", "#1F60C4"],
  "dark-blue": ["#1F60C4", "#1250B0"],
  "super-light-orange": ["#FFCB7D", "#FFCB7D"],
  "light-orange": ["#FFB357", "#FFB357"],
  orange: ["#FF9830", "#FF780A"],
  "semi-dark-orange": ["#FF780A", "#FA6400"],
  "dark-orange": ["#FA6400", "#E55400"],
  "super-light-purple": ["#DEB6F2", "#DEB6F2"],
  "light-purple": ["#CA95E5", "#CA95E5"],
  purple: ["#B877D9", "#A352CC"],
  "semi-dark-purple": ["#A352CC", "#8F3BB8"],
  "dark-purple": ["#8F3BB8", "#7C2EA3"],
};

const SCHEMES: Readonly<Record<string, readonly string[]>> = {
  "continuous-GrYlRd": ["green", "yellow", "red"],
  "continuous-RdYlGr": ["red", "yellow", "green"],
  "continuous-BlYlRd": ["dark-blue", "super-light-yellow", "dark-red"],
  "continuous-YlRd": ["super-light-yellow", "dark-red"],
  "continuous-BlPu": ["dark-blue", "dark-purple"],
  "continuous-YlBl": ["super-light-yellow", "dark-blue"],
  "continuous-blues": ["#F4F8FF", "dark-blue"],
  "continuous-reds": ["#FFF4F5", "dark-red"],
  "continuous-greens": ["#F4FFF2", "dark-green"],
  "continuous-purples": ["#FAF2FF", "dark-purple"],
};

export type Theme = "dark" | "light";

/** A colour of a dashboard as CSS: a name of Grafana's, or only what is surely a colour. */
export function cssColour(name: string | undefined, theme: Theme): string {
  const fallback = "var(--ink-muted)";
  if (name === undefined) return fallback;
  const named = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
  if (named !== undefined) return named[theme === "dark" ? 0 : 1];
  if (name === "transparent") return "transparent";
  if (name === "text") return "var(--ink)";
  if (name === "panel-bg") return "var(--surface)";
  if (/^#[0-9a-f]{3,8}$/i.test(name)) return name;
  if (/^(rgb|rgba|hsl|hsla)\([\d\s.,%/deg]+\)$/i.test(name)) return name;
  return /^[a-z]{3,20}$/i.test(name) ? name : fallback;
}

function channels(hex: string): [number, number, number] {
  const value = parseInt(hex.slice(1, 7), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** The colour at a share (0 to 1) of a continuous scheme, undefined when there is no such scheme. */
export function schemeColour(scheme: string, share: number, theme: Theme): string | undefined {
  const stops = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
  if (stops === undefined) return undefined;
  const place = Math.min(1, Math.max(0, Number.isNaN(share) ? 0 : share)) * (stops.length - 1);
  const [low, high] = [Math.floor(place), Math.ceil(place)];
  const from = channels(cssColour(stops[low], theme));
  const to = channels(cssColour(stops[high], theme));
  const mixed = from.map((value, i) => Math.round(value + ((to[i] ?? 0) - value) * (place - low)));
  return `rgb(${mixed.join(", ")})`;
}

/** Red, green, blue and opacity of a colour that says them by numbers; null for a name or a variable. */
function numbersOf(colour: string): [number, number, number, number] | null {
  if (/^#[0-9a-f]{3,8}$/i.test(colour)) {
    const long = colour.length < 6 ? `#${colour.slice(1).replace(/./g, "$&$&")}` : colour;
    const alpha = long.length === 9 ? parseInt(long.slice(7), 16) / 255 : 1;
    return [...channels(long), alpha];
  }
  if (!/^rgba?\(/i.test(colour)) return null;
  const [red, green, blue, alpha] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return red === undefined || green === undefined || blue === undefined
    ? null
    : [red, green, blue, alpha ?? 1];
}

/** The colour with a part of its opacity; one that is only a name stays as it is. */
export function withAlpha(colour: string, opacity: number): string {
  const numbers = numbersOf(colour);
  if (numbers === null) return colour;
  const [red, green, blue, alpha] = numbers;
  return `rgba(${red}, ${green}, ${blue}, ${Number((alpha * Math.min(1, Math.max(0, opacity))).toFixed(3))})`;
}

/** The colour some degrees further on the wheel, and by a part lighter (or darker, below zero). */
export function spun(colour: string, degrees: number, lighter: number): string {
  const numbers = numbersOf(colour);
  if (numbers === null) return colour;
  const [red = 0, green = 0, blue = 0] = numbers.slice(0, 3).map((value) => value / 255);
  const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)];
  const [middle, span] = [(most + least) / 2, most - least];
  const hue =
    span === 0
      ? 0
      : most === red
        ? (green - blue) / span
        : most === green
          ? 2 + (blue - red) / span
          : 4 + (red - green) / span;
  const saturation = span === 0 ? 0 : span / (1 - Math.abs(2 * middle - 1));
  const light = Math.min(1, Math.max(0, middle + lighter));
  return fromHsl((((hue * 60 + degrees) % 360) + 360) % 360, saturation, light, numbers[3]);
}

function fromHsl(hue: number, saturation: number, light: number, alpha: number): string {
  const reach = saturation * Math.min(light, 1 - light);
  const channel = (offset: number): number => {
    const place = (offset + hue / 30) % 12;
    return Math.round(255 * (light - reach * Math.max(-1, Math.min(place - 3, 9 - place, 1))));
  };
  return `rgba(${channel(0)}, ${channel(8)}, ${channel(4)}, ${alpha})`;
}

/** Black or white, whichever is easier to read on a colour. */
export function inkOn(colour: string): string {
  const numbers = numbersOf(colour);
  if (numbers === null) return "var(--ink)";
  const [red, green, blue] = numbers;
  return (red * 299 + green * 587 + blue * 114) / 1000 > 140 ? "#111418" : "#ffffff";
}

/** Of a panel's ground, as WCAG has it. */
const LUMINANCE = { dark: 0.01, light: 1 };
/** What normal text needs beside what it stands on (WCAG 2.2, 1.4.3). */
const CONTRAST = 4.5;

const light = (channel: number): number =>
  channel <= 10 ? channel / 255 / 12.92 : ((channel / 255 + 0.055) / 1.055) ** 2.4;

/** The colour as one that small text on a panel can be read in: nearer to black or white where it must be. */
export function legible(colour: string, theme: Theme): string {
  const numbers = numbersOf(colour);
  if (numbers === null) return colour;
  const end = theme === "dark" ? 255 : 0;
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = numbers.slice(0, 3).map((value) => Math.round(value + (end - value) * share));
    const [red = 0, green = 0, blue = 0] = mixed.map(light);
    const [dim, bright] = [0.2126 * red + 0.7152 * green + 0.0722 * blue, LUMINANCE[theme]].sort(
      (a, b) => a - b,
    );
    if (((bright ?? 0) + 0.05) / ((dim ?? 0) + 0.05) >= CONTRAST)
      return share === 0 ? colour : `rgb(${mixed.join(", ")})`;
  }
  return "var(--ink)";
}
