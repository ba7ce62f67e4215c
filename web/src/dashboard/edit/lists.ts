/** What the hub has to choose from: buckets, measurements, fields, tags and their values, asked for when they are shown. */
import { signal, type Signal } from "@preact/signals";
import { dashboards } from "../client";
import { interpolate } from "../interpolate";
import { scope } from "../session";
import { DEFAULT_BUCKET, quoted } from "./builder";

export interface List {
  readonly names: readonly string[];
  readonly problem: string | null;
  readonly loading: boolean;
}

const FRESH_MS = 60_000;
const MOST_LISTS = 300;
const EMPTY: List = { names: [], problem: null, loading: true };

interface Kept {
  readonly list: Signal<List>;
  readonly askedMs: number;
}

const kept = new Map<string, Kept>();

/** The answer to a SHOW statement; the same signal as long as it is fresh. */
function shown(bucket: string, text: string): Signal<List> {
  const key = `${bucket}\n${text}`;
  const found = kept.get(key);
  if (found !== undefined && performance.now() - found.askedMs < FRESH_MS) return found.list;
  const list = found?.list ?? signal(EMPTY);
  kept.delete(key);
  kept.set(key, { list, askedMs: performance.now() });
  const oldest = kept.keys().next();
  if (kept.size > MOST_LISTS && oldest.done !== true) kept.delete(oldest.value);
  dashboards.values("influxql", bucket, text).then(
    (values) => (list.value = { names: values.map(({ value }) => value), problem: null, loading: false }),
    (cause: unknown) => {
      const problem = cause instanceof Error ? cause.message : String(cause);
      list.value = { names: [], problem, loading: false };
      kept.delete(key);
    },
  );
  return list;
}

const from = (measurement: string): string => {
  const name = interpolate(measurement, scope.peek(), "influxql");
  return name === "" ? "" : ` FROM ${quoted(name)}`;
};

export const buckets = (): Signal<List> => shown(DEFAULT_BUCKET, "SHOW DATABASES");
export const measurements = (bucket: string): Signal<List> => shown(bucket, "SHOW MEASUREMENTS");
export const fields = (bucket: string, measurement: string): Signal<List> =>
  shown(bucket, `SHOW FIELD KEYS${from(measurement)}`);
export const tags = (bucket: string, measurement: string): Signal<List> =>
  shown(bucket, `SHOW TAG KEYS${from(measurement)}`);
export const tagValues = (bucket: string, measurement: string, tag: string): Signal<List> =>
  shown(bucket, `SHOW TAG VALUES${from(measurement)} WITH KEY = ${quoted(tag.replace(/::tag$/, ""))}`);
