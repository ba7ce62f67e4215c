/** The state of the page as the fragment of its address: `#/device/pi4?range=15m&theme=dark`. */
import { DEFAULT_RANGE, formatSpanCode, parseInstant, parseSpan, type Range } from "./range";

export type Place =
  | { readonly name: "overview" }
  | { readonly name: "device"; readonly device: string }
  /** All devices, or one with what is missing of it. */
  | { readonly name: "ledger"; readonly device: string | null }
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

function parsePlace(path: string): Place {
  const [, name, device] = path.split("/");
  if (name === "status") return { name };
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

/** Reads a fragment; what is missing or wrong becomes the default. */
export function parseAddress(fragment: string): Address {
  const text = fragment.replace(/^#/, "");
  const mark = text.indexOf("?");
  const query = new URLSearchParams(mark < 0 ? "" : text.slice(mark + 1));
  const theme = query.get("theme");
  return {
    place: parsePlace(mark < 0 ? text : text.slice(0, mark)),
    range: parseAddressRange(query),
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
  if (place.name === "status") return "/status";
  if (place.name === "ledger") {
    return place.device === null ? "/ledger" : `/ledger/${encodeURIComponent(place.device)}`;
  }
  return `/device/${place.device === "" ? NO_HOST : encodeURIComponent(place.device)}`;
}

/** Writes the fragment that `parseAddress` reads back. */
export function formatAddress(address: Address): string {
  const query: string[] = [];
  const { range } = address;
  if (range.kind === "fixed")
    query.push(`from=${formatInstant(range.fromMs)}`, `to=${formatInstant(range.toMs)}`);
  else query.push(`range=${formatSpanCode(range.spanMs)}`);
  if (address.utc) query.push("tz=utc");
  if (address.theme !== null) query.push(`theme=${address.theme}`);
  if (address.panel !== null) query.push(`panel=${encodeURIComponent(address.panel)}`);
  return `#${formatPlace(address.place)}?${query.join("&")}`;
}

/** The single-use code of a login link's fragment (`#login=CODE`), null when there is none. */
export function loginCode(fragment: string): string | null {
  const match = /^#login=(.+)$/.exec(fragment);
  return match === null ? null : safeDecode(match[1] ?? "");
}
