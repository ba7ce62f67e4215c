/** New queries and panels, and the change of a query from one language to another. */
import type { GridPos, PanelModel, Target } from "../model";
import { builderText, DEFAULT_BUCKET, rebuilt, type BuilderTarget, type Part, type Term } from "./builder";

export type QueryLanguage = "influxql" | "flux" | "sql";

// The data sources that `helio grafana provision` makes; the hub takes any InfluxDB for itself.
const INFLUXQL_SOURCE = { type: "influxdb", uid: "heliograph-influxql" };
const FLUX_SOURCE = { type: "influxdb", uid: "heliograph-flux" };
const sourceFor = (language: QueryLanguage): object => (language === "flux" ? FLUX_SOURCE : INFLUXQL_SOURCE);

/** What the builder needs to know of a query. */
export interface Wish {
  readonly measurement: string;
  readonly fields: readonly string[];
  /** An aggregation of InfluxQL; the mean when it is left out. */
  readonly fn?: string;
  /** Whether the change for each second is shown: for counters. */
  readonly rate?: boolean;
  readonly groupBy?: readonly string[];
  readonly where?: Readonly<Record<string, readonly string[]>>;
  /** What is reckoned with a field's values, such as `* 8`. */
  readonly math?: Readonly<Record<string, string>>;
  readonly bucket?: string;
  readonly alias?: string;
}

export interface WrittenQuery {
  readonly query: string;
  readonly language?: QueryLanguage;
  readonly bucket?: string;
  readonly alias?: string;
}

export const PER_SECOND: Part = { type: "non_negative_derivative", params: ["1s"] };

/** The letter of the next query: the first that is free. */
export function nextRef(targets: readonly Target[]): string {
  const used = new Set(targets.map(({ refId }) => refId));
  for (let i = 0; ; i += 1) {
    const name =
      (i >= 26 ? String.fromCharCode(64 + Math.floor(i / 26)) : "") + String.fromCharCode(65 + (i % 26));
    if (!used.has(name)) return name;
  }
}

const asRegex = (value: string): string => value.replace(/[\\^$*+?.()|[\]{}/]/g, "\\$&");

function termsOf(where: Wish["where"]): Term[] {
  return Object.entries(where ?? {}).flatMap(([key, values], i) => {
    const condition = i === 0 ? {} : { condition: "AND" };
    const [first] = values;
    if (first === undefined) return [];
    if (values.length === 1) return [{ key, operator: "=", value: first, ...condition }];
    return [{ key, operator: "=~", value: `/^(${values.map(asRegex).join("|")})$/`, ...condition }];
  });
}

/** A query of the builder. */
export function builtTarget(refId: string, wish: Wish): BuilderTarget {
  const several = wish.fields.length > 1;
  const select = wish.fields.map((field): readonly Part[] => [
    { type: "field", params: [field] },
    { type: wish.fn ?? "mean", params: [] },
    ...(wish.rate === true ? [PER_SECOND] : []),
    ...(wish.math?.[field] === undefined ? [] : [{ type: "math", params: [` ${wish.math[field]}`] }]),
    ...(several ? [{ type: "alias", params: [field] }] : []),
  ]);
  return rebuilt({
    refId,
    datasource: INFLUXQL_SOURCE,
    measurement: wish.measurement,
    policy: "default",
    resultFormat: "time_series",
    orderByTime: "ASC",
    select,
    tags: termsOf(wish.where),
    groupBy: [
      { type: "time", params: ["$__interval"] },
      ...(wish.groupBy ?? []).map((tag) => ({ type: "tag", params: [tag] })),
      { type: "fill", params: ["none"] },
    ],
    ...(wish.alias === undefined ? {} : { alias: wish.alias }),
    ...(wish.bucket === undefined || wish.bucket === DEFAULT_BUCKET ? {} : { bucket: wish.bucket }),
    "x-helio": { language: "influxql", bucket: wish.bucket ?? DEFAULT_BUCKET, datasource: INFLUXQL_SOURCE },
  });
}

/** A query that is written by hand. */
export function writtenTarget(refId: string, written: WrittenQuery): BuilderTarget {
  const language = written.language ?? "influxql";
  const bucket = written.bucket ?? DEFAULT_BUCKET;
  return {
    refId,
    datasource: sourceFor(language),
    query: written.query,
    rawQuery: true,
    resultFormat: "time_series",
    ...(written.alias === undefined ? {} : { alias: written.alias }),
    ...(bucket === DEFAULT_BUCKET ? {} : { bucket }),
    "x-helio": { language, bucket, datasource: sourceFor(language) },
  };
}

/** The same query in another language: the text stays where it may be understood, else it begins anew. */
export function inLanguage(target: BuilderTarget, language: QueryLanguage): BuilderTarget {
  const bucket = target["x-helio"]?.bucket ?? DEFAULT_BUCKET;
  const query =
    language === (target["x-helio"]?.language ?? "influxql")
      ? (target.query ?? "")
      : beginning(language, target.measurement ?? "", bucket);
  const builders = new Set([
    "measurement",
    "policy",
    "select",
    "groupBy",
    "tags",
    "orderByTime",
    "limit",
    "slimit",
  ]);
  const rest = Object.fromEntries(Object.entries(target).filter(([key]) => !builders.has(key)));
  const kept = language === "influxql" ? target : { ...rest, refId: target.refId };
  return {
    ...kept,
    query,
    rawQuery: true,
    datasource: sourceFor(language),
    "x-helio": { language, bucket, datasource: sourceFor(language) },
  };
}

function beginning(language: QueryLanguage, measurement: string, bucket: string): string {
  if (language === "sql")
    return measurement === ""
      ? ""
      : `SELECT *\nFROM "${measurement.replaceAll('"', '""')}"\nWHERE $__timeFilter(time)\nORDER BY time`;
  if (language === "influxql") return builderText({ refId: "A", measurement });
  return [
    `from(bucket: ${JSON.stringify(bucket)})`,
    "  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)",
    `  |> filter(fn: (r) => r._measurement == ${JSON.stringify(measurement)})`,
    "  |> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: false)",
  ].join("\n");
}

// What Grafana's own editor begins with, written down, so that both draw the same.
const LINES = { drawStyle: "line", lineWidth: 1, fillOpacity: 10, showPoints: "auto", spanNulls: false };
const WITH_LEGEND = {
  legend: { showLegend: true, displayMode: "list", placement: "bottom", calcs: [] },
  tooltip: { mode: "multi", sort: "desc" },
};

/** A new panel as Grafana would make it. */
export function newPanel(
  id: number,
  gridPos: GridPos,
  about: { title: string; type?: string; unit?: string; targets: readonly Target[] },
): PanelModel {
  const chart = (about.type ?? "timeseries") === "timeseries";
  return {
    id,
    type: about.type ?? "timeseries",
    title: about.title,
    gridPos,
    datasource: INFLUXQL_SOURCE,
    targets: about.targets,
    fieldConfig: {
      defaults: { ...(about.unit === undefined ? {} : { unit: about.unit }), custom: chart ? LINES : {} },
      overrides: [],
    },
    options: chart ? WITH_LEGEND : {},
  };
}
