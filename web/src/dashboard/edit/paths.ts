/** Reads and changes one setting deep inside a panel, such as `fieldConfig.defaults.unit`; all around it stays. */

type Node = Readonly<Record<string, unknown>>;

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null;

/** What stands at a path, undefined where nothing does. A number is a place in a list. */
export function getAt(root: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((node, key) => (isNode(node) && Object.hasOwn(node, key) ? node[key] : undefined), root);
}

/** The same with another value at a path; undefined takes the key away. */
export function setAt<T>(root: T, path: string, value: unknown): T {
  return changed(isNode(root) ? root : {}, path.split("."), value) as T;
}

const isPlace = (key: string | undefined): boolean => key !== undefined && /^\d+$/.test(key);

function changed(node: Node, keys: readonly string[], value: unknown): unknown {
  const [key = "", ...rest] = keys;
  const old = Object.hasOwn(node, key) ? node[key] : undefined;
  const begun = isNode(old) ? old : isPlace(rest[0]) ? [] : {};
  const next = rest.length === 0 ? value : changed(begun as Node, rest, value);
  if (Array.isArray(node)) return withPlace(node, Number(key), next);
  if (next !== undefined) return { ...node, [key]: next };
  return Object.fromEntries(Object.entries(node).filter(([name]) => name !== key));
}

function withPlace(list: readonly unknown[], place: number, value: unknown): readonly unknown[] {
  if (value === undefined) return list.filter((_, i) => i !== place);
  return place >= list.length ? [...list, value] : list.map((one, i) => (i === place ? value : one));
}

/** A list with one of its members changed, or taken away where nothing is given. */
export function replaced<T>(list: readonly T[], index: number, value: T | null): T[] {
  return list.flatMap((one, i) => (i !== index ? [one] : value === null ? [] : [value]));
}

/** A list in which one member has changed places with a neighbour. */
export function swapped<T>(list: readonly T[], index: number, by: 1 | -1): readonly T[] {
  const [one, other] = [list[index], list[index + by]];
  if (one === undefined || other === undefined) return list;
  return list.map((each, i) => (i === index ? other : i === index + by ? one : each));
}
