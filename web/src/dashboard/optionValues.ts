/** Reads options of dashboards: whatever their JSON holds, the type asked for comes out. */
import type { Options } from "./model";

export const textOf = (value: unknown, fallback = ""): string =>
  typeof value === "string" ? value : typeof value === "number" ? String(value) : fallback;

export function numberOf(value: unknown, fallback: number): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : fallback;
}

export const flagOf = (value: unknown, fallback = false): boolean =>
  typeof value === "boolean" ? value : fallback;

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const textsOf = (value: unknown): readonly string[] =>
  listOf(value).filter((one): one is string => typeof one === "string");

export const recordOf = (value: unknown): Options =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Options) : {};

/** Dashboards name fields as they like, `__proto__` too: only own keys are answers. */
export const ownValue = (record: Options, key: string): unknown =>
  Object.hasOwn(record, key) ? record[key] : undefined;

/** A record with a value at a path below it: `footer`, `reducers`. */
export function withPath(record: unknown, [head = "", ...rest]: readonly string[], value: unknown): Options {
  const own = recordOf(record);
  return { ...own, [head]: rest.length === 0 ? value : withPath(ownValue(own, head), rest, value) };
}
