/** A panel's data as CSV and its picture as PNG. */
import type { Scalar } from "./model";
import type { Frame } from "./panel";
import { titleOf } from "./transform/names";

const BOM = "\uFEFF";

/**
 * One cell of CSV (RFC 4180). A text that a spreadsheet would take for a formula gets an apostrophe in front;
 * numbers stay numbers.
 */
export function csvCell(value: Scalar | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function isoTime(value: Scalar | undefined): string {
  if (typeof value !== "number") return csvCell(value);
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}

/** The frames as CSV, one table after the other with an empty line between. Times are ISO 8601 in UTC. */
export function csvOf(frames: readonly Frame[]): string {
  const tables = frames
    .filter((frame) => frame.fields.length > 0)
    .map((frame) => {
      const head = frame.fields.map((field) => csvCell(titleOf(field, frame, frames)));
      const count = frame.fields[0]?.values.length ?? 0;
      const rows = Array.from({ length: count }, (_, row) =>
        frame.fields.map((field) => (field.type === "time" ? isoTime : csvCell)(field.values[row])).join(","),
      );
      return [head.join(","), ...rows, ""].join("\r\n");
    });
  return BOM + tables.join("\r\n");
}

/** A name of a file from a title. */
export function fileName(title: string, ending: string): string {
  const words = title.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-").replaceAll(/^[-.]+|[-.]+$/g, "");
  return `${words.slice(0, 80) || "panel"}.${ending}`;
}

/** Hands a file to the browser's downloads. */
export function saveFile(body: Blob, name: string): void {
  const address = URL.createObjectURL(body);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads the address after this call returns.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

const LOOKS = [
  ...[
    "fill",
    "fill-opacity",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "opacity",
    "color",
    "background-color",
  ],
  ...[
    "font",
    "font-variant-numeric",
    "text-align",
    "text-anchor",
    "white-space",
    "display",
    "position",
    "overflow",
  ],
  ...[
    "top",
    "left",
    "right",
    "bottom",
    "width",
    "height",
    "padding",
    "margin",
    "border",
    "border-radius",
    "gap",
  ],
  ...["flex", "flex-direction", "flex-wrap", "align-items", "justify-content", "place-content", "box-sizing"],
  ...[
    "grid-template-columns",
    "grid-template-rows",
    "transform",
    "vertical-align",
    "border-collapse",
    "list-style",
  ],
] as const;

function copyLooks(from: Element, to: Element): void {
  const style = getComputedStyle(from);
  // A picture cannot be scrolled: what does not fit is cut, without bars.
  const value = (name: string): string =>
    name === "overflow" ? style.overflow.replaceAll(/auto|scroll/g, "hidden") : style.getPropertyValue(name);
  const text = LOOKS.map((name) => `${name}:${value(name)}`).join(";");
  to.setAttribute("style", text);
  if (from instanceof HTMLCanvasElement) {
    const picture = document.createElement("img");
    picture.src = from.toDataURL();
    picture.setAttribute("style", text);
    to.replaceWith(picture);
    return;
  }
  [...from.children].forEach((child, i) => {
    const twin = to.children[i];
    if (twin !== undefined) copyLooks(child, twin);
  });
}

/** The element drawn as SVG: its own looks only, nothing is fetched. */
function asSvg(element: HTMLElement, widthPx: number, heightPx: number): string {
  const twin = element.cloneNode(true) as HTMLElement;
  copyLooks(element, twin);
  for (const button of twin.querySelectorAll("button, .popover")) button.remove();
  const xml = new XMLSerializer().serializeToString(twin);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}">` +
    `<foreignObject width="100%" height="100%">${xml}</foreignObject></svg>`
  );
}

/**
 * The picture of a panel at the screen's sharpness.
 *
 * @throws Error when the browser cannot draw the panel.
 */
export async function pngOf(element: HTMLElement): Promise<Blob> {
  const { width, height } = element.getBoundingClientRect();
  const sharpness = Math.max(2, window.devicePixelRatio);
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(asSvg(element, width, height))}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.ceil(width * sharpness), Math.ceil(height * sharpness)];
  const pen = canvas.getContext("2d");
  if (pen === null) throw new Error("This browser gives no canvas to draw the picture on.");
  pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--surface");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error("This browser could not make a PNG of the panel."));
      else resolve(blob);
    }, "image/png");
  });
}
