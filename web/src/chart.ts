/** What one chart shows: which queries feed it, and how its series are named, scaled and drawn. */
import type { Fn, Query } from "./api";
import { UNITS, type Unit } from "./units";

export type Tags = Readonly<Record<string, string>>;

/** One query of a chart and how its answer becomes series. */
export interface Part {
  readonly measurement: string;
  readonly fields: readonly string[];
  readonly fn: Fn;
  readonly rate: boolean;
  readonly where: Readonly<Record<string, readonly string[]>>;
  readonly groupBy: readonly string[];
  /** Stored value to drawn value; a negative factor draws a field below zero. */
  readonly factor: number;
  readonly offset: number;
  /** Factors of single fields, in place of `factor`. */
  readonly factors: Readonly<Record<string, number>>;
  /** The words of a field in the series' names; empty when the tags say it all. */
  readonly names: Readonly<Record<string, string>>;
  /** Leaves out series by their tags; gets the tags of all of them. */
  readonly keep: ((tags: Tags, all: readonly Tags[]) => boolean) | null;
}

export interface Chart {
  /** Unique on its device's board, and stable: it stands in addresses. */
  readonly id: string;
  readonly title: string;
  /** The measurement, or what else tells a reader where the numbers come from. */
  readonly source: string;
  readonly unit: Unit;
  readonly kind: "lines" | "stack" | "values";
  /** Values below zero are only drawn there: their size is what counts. */
  readonly mirrored: boolean;
  readonly max: number | null;
  readonly parts: readonly Part[];
  /** Hues fixed by field name, for series that should look the same on every device. */
  readonly hues: Readonly<Record<string, number>>;
}

/** A part with everything at its plainest, changed as given. */
export function part(changes: Pick<Part, "measurement" | "fields"> & Partial<Part>): Part {
  return {
    fn: "mean",
    rate: false,
    where: {},
    groupBy: [],
    factor: 1,
    offset: 0,
    factors: {},
    names: {},
    keep: null,
    ...changes,
  };
}

/** A chart with everything at its plainest, changed as given. */
export function chart(changes: Pick<Chart, "id" | "title" | "parts"> & Partial<Chart>): Chart {
  return {
    source: changes.parts[0]?.measurement ?? "",
    unit: UNITS.none,
    kind: "lines",
    mirrored: false,
    max: null,
    hues: {},
    ...changes,
  };
}

/** The queries of a chart; their ids are the chart's own place in a request and the part's number. */
export function queriesOf(chart: Chart, place: number): Query[] {
  return chart.parts.map((part, index) => ({
    id: `${place}.${index}`,
    measurement: part.measurement,
    fields: part.fields,
    fn: part.fn,
    rate: part.rate,
    where: part.where,
    group_by: part.groupBy,
  }));
}

/** A name for a series: its tags' values and its field's words, the constant parts left out. */
export function seriesLabel(part: Part, field: string, tags: Tags): string {
  const tagText = part.groupBy
    .map((key) => tags[key] ?? "")
    .filter((value) => value !== "")
    .join(" · ");
  const fieldText = part.names[field] ?? (part.fields.length > 1 || tagText === "" ? field : "");
  return [tagText, fieldText].filter((text) => text !== "").join(" ");
}
