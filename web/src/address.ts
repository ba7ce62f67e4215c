/** The state of the page as the fragment of its address: `#/device/pi4?range=15m&theme=dark`. */
import { DEFAULT_RANGE, formatSpanCode, parseInstant, parseSpan, type Range } from "./range";

export type Place =
  | { readonly name: "overview" }
  | { readonly name: "device"; readonly device: string }
  /** All devices, or one with what is missing of it. */
  | { readonly name: "ledger"; readonly device: string | null }
  | { readonly name: "dashboards" }
  /** A dashboard, with what Grafana writes into its address: `from`, `to`, `refresh`, `var-…`. */
  | { readonly name: "dashboard"; readonly uid: string; readonly query: string }
  /** The same, by a link that needs no login and shows nothing else. */
  | { readonly name: "shared"; readonly link: string; readonly query: string }
  /** The broker's topics, or one of them. */
  | { readonly name: "topics"; readonly topic: string | null }
  | { readonly name: "rules" }
  /** Who may come in. */
  | { readonly name: "access" }
  | { readonly name: "status" };

export type Theme = "auto" | "dark" | "light";

export interface Address {
  readonly place: Place;
  readonly range: Range;
  readonly theme: Theme | null;
  readonly utc: boolean;
  /** The one chart that fills the page, by its id. */
  readonly panel: string | null;
}

// A device's name is never empty in an address; this stands for the series that have no host tag.
const NO_HOST = "-";

// These belong to the page, everything else of a dashboard's address to the dashboard.
const OWN_KEYS: ReadonlySet<string> = new Set(["tz", "theme", "panel", "range"]);

function parsePlace(path: string, query: URLSearchParams): Place {
  const [, name, device] = path.split("/");
  if (name === "status" || name === "rules" || name === "access" || name === "dashboards") return { name };
  if ((name === "d" || name === "shared") && device !== undefined && device !== "") {
    const own = new URLSearchParams([...query].filter(([key]) => !OWN_KEYS.has(key))).toString();
    if (name === "shared") return { name, link: safeDecode(device), query: own };
    return { name: "dashboard", uid: safeDecode(device), query: own };
  }
  if (name === "topics") return { name, topic: device === undefined ? null : safeDecode(device) };
  if (name === "ledger") {
    return { name, device: device === undefined || device === "" ? null : safeDecode(device) };
  }
  if (name === "device" && device !== undefined && device !== "") {
    return { name, device: device === NO_HOST ? "" : safeDecode(device) };
  }
  return { name: "overview" };
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray percent sign typed by hand: take the text as it stands.
    return text;
  }
}

function parseAddressRange(query: URLSearchParams): Range {
  const fromMs = parseInstant(query.get("from") ?? "", 0, true);
  const toMs = parseInstant(query.get("to") ?? "", 0, true);
  if (fromMs !== undefined && toMs !== undefined && toMs > fromMs) return { kind: "fixed", fromMs, toMs };
  const spanMs = parseSpan(query.get("range") ?? "");
  return spanMs === undefined ? DEFAULT_RANGE : { kind: "live", spanMs };
}

const isBoard = (place: Place): place is Place & { readonly query: string } =>
  place.name === "dashboard" || place.name === "shared";

/** Reads a fragment; what is missing or wrong becomes the default. */
export function parseAddress(fragment: string): Address {
  const text = fragment.replace(/^#/, "").replace(/^shared=/, "/shared/");
  const mark = text.indexOf("?");
  const query = new URLSearchParams(mark < 0 ? "" : text.slice(mark + 1));
  const theme = query.get("theme");
  const place = parsePlace(mark < 0 ? text : text.slice(0, mark), query);
  return {
    place,
    // The times of a dashboard are its own.
    range: isBoard(place) ? DEFAULT_RANGE : parseAddressRange(query),
    theme: theme === "dark" || theme === "light" || theme === "auto" ? theme : null,
    utc: query.get("tz") === "utc",
    panel: query.get("panel"),
  };
}

function formatInstant(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(".000Z", "Z");
}

function formatPlace(place: Place): string {
  if (place.name === "overview") return "/";
  if (
    place.name === "status" ||
    place.name === "rules" ||
    place.name === "access" ||
    place.name === "dashboards"
  )
    return `/${place.name}`;
  if (place.name === "dashboard") return `/d/${encodeURIComponent(place.uid)}`;
  if (place.name === "shared") return `/shared/${encodeURIComponent(place.link)}`;
  if (place.name === "topics") {
    return place.topic === null ? "/topics" : `/topics/${encodeURIComponent(place.topic)}`;
  }
  if (place.name === "ledger") {
    return place.device === null ? "/ledger" : `/ledger/${encodeURIComponent(place.device)}`;
  }
  return `/device/${place.device === "" ? NO_HOST : encodeURIComponent(place.device)}`;
}

/** Writes the fragment that `parseAddress` reads back. */
export function formatAddress(address: Address): string {
  const query: string[] = [];
  const { range, place } = address;
  if (isBoard(place)) {
    if (place.query !== "") query.push(place.query);
  } else if (range.kind === "fixed")
    query.push(`from=${formatInstant(range.fromMs)}`, `to=${formatInstant(range.toMs)}`);
  else query.push(`range=${formatSpanCode(range.spanMs)}`);
  if (address.utc) query.push("tz=utc");
  if (address.theme !== null) query.push(`theme=${address.theme}`);
  if (address.panel !== null) query.push(`panel=${encodeURIComponent(address.panel)}`);
  return `#${formatPlace(place)}${query.length === 0 ? "" : `?${query.join("&")}`}`;
}

/** The single-use code of a login link's fragment (`#login=CODE`), null when there is none. */
export function loginCode(fragment: string): string | null {
  const match = /^#login=(.+)$/.exec(fragment);
  return match === null ? null : safeDecode(match[1] ?? "");
}
