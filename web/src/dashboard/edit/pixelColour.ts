/** Any colour of CSS as the browser's colour field wants it: `#rrggbb`. */

const OTHERWISE = "#73bf69";

/** The colour as six digits; green where it is none that can be drawn. */
export function pixelColour(colour: string): string {
  if (/^#[0-9a-f]{6}$/i.test(colour)) return colour.toLowerCase();
  const canvas = typeof document === "undefined" ? null : document.createElement("canvas").getContext("2d");
  if (canvas === null || colour.startsWith("var(")) return OTHERWISE;
  canvas.fillStyle = OTHERWISE;
  canvas.fillStyle = colour;
  const found = canvas.fillStyle;
  return /^#[0-9a-f]{6}$/.test(found) ? found : OTHERWISE;
}
