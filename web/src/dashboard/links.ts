/** Addresses in links of dashboards: only those that cannot run anything. */
import { interpolate, type Scope } from "./interpolate";
import type { Link } from "./model";
import type { ShownField } from "./panel";

/** The address when it is one of the web, of mail, or of this page; null for everything else. */
export function safeHref(url: string): string | null {
  const text = url.trim();
  if (text === "") return null;
  const board = /^\/?d\/([^/?#]+)(?:\/[^?#]*)?(\?[^#]*)?$/.exec(text);
  if (board !== null) return `#/d/${board[1] ?? ""}${board[2] ?? ""}`;
  if (text.startsWith("#/")) return text;
  try {
    const parsed = new URL(text, "https://page.invalid/");
    // A path of another Grafana leads nowhere here.
    if (parsed.host === "page.invalid" || parsed.host === "")
      return parsed.protocol === "mailto:" ? text : null;
    return parsed.protocol === "https:" || parsed.protocol === "http:" ? parsed.href : null;
  } catch {
    return null;
  }
}

/** Fills a data link's address for one value: `${__value.text}`, `${__field.name}`, `${__data.fields.x}`. */
export function linkFiller(scope: Scope): (link: Link, field: ShownField, row: number) => string | null {
  return (link, field, row) => {
    const value = field.values[row] ?? null;
    const shown = field.show(value);
    const texts: Readonly<Record<string, string>> = {
      "__value.raw": String(value),
      "__value.numeric": String(value),
      "__value.text": shown.text,
      "__value.time": "",
      "__field.name": field.title,
      "__series.name": field.title,
    };
    const url = (link.url ?? "")
      .replace(/\$\{__field\.labels\.([^}]+)\}/g, (_, label: string) =>
        encodeURIComponent(field.labels?.[label] ?? ""),
      )
      .replace(/\$\{(__\w+\.\w+)(?::\w+)?\}/g, (match, name: string) => {
        const text = texts[name];
        return text === undefined ? match : encodeURIComponent(text);
      })
      .replace(/\$\{?__cell(?:_\d+)?\}?/g, () => encodeURIComponent(String(value)));
    return safeHref(interpolate(url, scope));
  };
}
