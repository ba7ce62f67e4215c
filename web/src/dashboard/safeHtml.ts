/** Texts of dashboards as HTML that can do nothing: what runs, frames, sends or covers the page is taken out. */
import DOMPurify from "dompurify";
import { marked } from "marked";

export type TextMode = "markdown" | "html" | "code";

// What a text may set about its looks; nothing of these places it over other parts of the page.
const STYLES: ReadonlySet<string> = new Set([
  ...["color", "background-color", "text-align", "text-decoration", "font-size", "font-weight", "font-style"],
  ...["width", "height", "max-width", "border", "border-radius", "padding", "margin", "vertical-align"],
  ...["margin-top", "margin-bottom", "margin-left", "margin-right", "line-height", "white-space"],
]);
const HARMLESS_VALUE = /^(?!.*(url|image|expression|var|env)\s*\()[\w\s.,#%()'"-]{1,100}$/i;

/** The harmless declarations of a style attribute. */
export function safeStyle(style: string): string {
  return style
    .split(";")
    .map((declaration) => declaration.split(":"))
    .map(([name = "", ...value]) => [name.trim().toLowerCase(), value.join(":").trim()] as const)
    .filter(([name, value]) => STYLES.has(name) && HARMLESS_VALUE.test(value))
    .filter(([name, value]) => !name.startsWith("margin") || !value.includes("-"))
    .map(([name, value]) => `${name}: ${value}`)
    .join("; ");
}

/** Nothing is fetched from elsewhere: a picture or a frame of another machine becomes a link to it. */
function withoutFetches(html: string): string {
  // A document of its own, in which nothing runs and nothing is loaded.
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const node of parsed.querySelectorAll("img[src], iframe[src]")) {
    const source = node.getAttribute("src") ?? "";
    if (!/^https?:\/\//i.test(source) || !URL.canParse(source)) continue;
    const kind = node.tagName === "IFRAME" ? "Page" : "Picture";
    const name = (node.getAttribute("alt") ?? node.getAttribute("title") ?? "").trim();
    const text = name === "" ? `${kind} at ${new URL(source).host}` : name;
    const link = parsed.createElement("a");
    link.textContent = text;
    link.setAttribute("href", source);
    node.replaceWith(node.closest("a") === null ? link : text);
  }
  return parsed.body.innerHTML;
}

function harden(node: Element): void {
  const style = node.getAttribute("style");
  if (style !== null) {
    const safe = safeStyle(style);
    if (safe === "") node.removeAttribute("style");
    else node.setAttribute("style", safe);
  }
  if (node.tagName === "A" && node.hasAttribute("href")) {
    node.setAttribute("rel", "noopener noreferrer nofollow");
    if (!(node.getAttribute("href") ?? "").startsWith("#")) node.setAttribute("target", "_blank");
  }
}

let purify: typeof DOMPurify | undefined;
function purifier(): typeof DOMPurify {
  if (purify === undefined) {
    purify = DOMPurify(window);
    purify.addHook("afterSanitizeAttributes", harden);
  }
  return purify;
}

const FORBIDDEN_TAGS = [
  ...["style", "form", "input", "button", "textarea", "select", "option", "dialog", "template", "slot"],
  ...["svg", "math", "video", "audio", "source", "iframe", "object", "embed", "link", "meta", "base"],
];
// Names and classes of the page's own elements are no text's to take, nor attributes that the page listens to.
const FORBIDDEN_ATTRIBUTES = [
  "id",
  "name",
  "class",
  "srcset",
  "ping",
  "autofocus",
  "tabindex",
  "popover",
  "slot",
];

/** HTML of a text that is safe to put into the page. */
export function safeHtml(text: string, mode: TextMode): string {
  const html = mode === "html" ? text : marked.parse(text, { async: false, gfm: true, breaks: false });
  return purifier().sanitize(withoutFetches(html), {
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    FORBID_TAGS: FORBIDDEN_TAGS,
    FORBID_ATTR: FORBIDDEN_ATTRIBUTES,
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|data:image\/(?:png|jpeg|gif|webp);|[#/.](?!\/))/i,
  });
}
