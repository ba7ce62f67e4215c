/** Colours of series: eight hues that colour-blind eyes tell apart, given by a stable hash of the name. */

/** Blue, teal, violet, rose, sky, brown, olive, slate. Red, amber and green are kept for states. */
export const HUES = {
  dark: ["#5fa1f3", "#78f8df", "#9b5fce", "#bf5881", "#50d0f2", "#c49360", "#cbda42", "#949fb5"],
  light: ["#113678", "#028473", "#8e79ef", "#611f3b", "#4e9cac", "#6f4d28", "#9a9244", "#485572"],
} as const;

export interface Ink {
  readonly hue: number;
  /** The second series of a hue in one chart is dashed. */
  readonly dashed: boolean;
}

/** A 32-bit FNV-1a hash: the same on every machine and in every version of the page. */
export function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash;
}

/**
 * One ink per name: the hash's hue, or the next free one when another series of the chart has it already.
 * Equal names share an ink (what an interface receives and sends); `fixed` hues are kept as they are.
 */
export function inksFor(names: readonly string[], fixed: readonly (number | undefined)[] = []): Ink[] {
  const count = HUES.dark.length;
  const uses = new Array<number>(count).fill(0);
  for (const hue of fixed) if (hue !== undefined) uses[hue] = (uses[hue] ?? 0) + 1;
  const given = new Map<string, Ink>();
  return names.map((name, i) => {
    const own = fixed[i];
    if (own !== undefined) return { hue: own, dashed: false };
    const known = given.get(name);
    if (known !== undefined) return known;
    const least = Math.min(...uses);
    let hue = hashName(name) % count;
    while ((uses[hue] ?? 0) > least) hue = (hue + 1) % count;
    uses[hue] = (uses[hue] ?? 0) + 1;
    const ink = { hue, dashed: least > 0 };
    given.set(name, ink);
    return ink;
  });
}

export function colourOf(ink: Ink, theme: "dark" | "light"): string {
  return HUES[theme][ink.hue] ?? HUES[theme][0];
}
