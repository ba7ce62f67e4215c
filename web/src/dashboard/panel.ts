/** What a panel is given and how it is found: every kind of panel is one component, loaded when first shown. */
import type { ComponentType } from "preact";
import type { FieldConfig, Link, Options, PanelModel, Scalar } from "./model";

export type FieldType = "time" | "number" | "string" | "boolean";
export type Labels = Readonly<Record<string, string>>;

/** One column. Times are milliseconds since 1970 UTC. Transformations make new fields, they change none. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly labels?: Labels;
  readonly values: readonly Scalar[];
  /** What a transformation has already decided, such as the name that `organize` gave. */
  readonly config?: FieldConfig;
}

/** One table: the answer to a query, or what transformations made of answers. All fields are equally long. */
export interface Frame {
  readonly refId: string;
  readonly name: string;
  readonly fields: readonly Field[];
  readonly meta?: {
    readonly measurement?: string;
    readonly column?: string;
    /** What Flux calls the field, by which overrides may mean it, too. */
    readonly field?: string;
  };
}

/** A value as it is to be shown: number and unit apart, so that a panel may set them in two sizes. */
export interface Shown {
  readonly prefix: string;
  readonly text: string;
  readonly suffix: string;
  /** A CSS colour for the value: of its mapping, its threshold, or its series. */
  readonly colour: string;
}

/** A field with its config resolved: defaults, overrides, then what transformations decided. */
export interface ShownField extends Field {
  /** The name that people see: displayName, alias, or built from name and labels. */
  readonly title: string;
  readonly config: FieldConfig;
  /** The field's own colour as a series. */
  readonly colour: string;
  /** The range that gauges and percentages are measured in. */
  readonly min: number;
  readonly max: number;
  readonly show: (value: Scalar | undefined) => Shown;
}

export interface ShownFrame extends Frame {
  readonly fields: readonly ShownField[];
}

export interface PanelProps {
  readonly panel: PanelModel;
  /** After transformations and field config. */
  readonly frames: readonly ShownFrame[];
  readonly options: Options;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly window: { readonly fromMs: number; readonly toMs: number };
  readonly theme: "dark" | "light";
  readonly utc: boolean;
  /** Crosshair and tooltip: 0 alone, 1 shared crosshair, 2 shared tooltip. */
  readonly shared: number;
  /** Fills in the dashboard's variables. */
  readonly expand: (text: string) => string;
  readonly zoom: (fromMs: number, toMs: number) => void;
  /** The safe address of a data link for one value, null when it has none or it is not http(s) or of this page. */
  readonly linkFor: (link: Link, field: ShownField, row: number) => string | null;
}

export type PanelComponent = ComponentType<PanelProps>;
export interface PanelKind {
  readonly load: () => Promise<PanelComponent>;
  /** What was loaded already, null before. */
  readonly loaded: PanelComponent | null;
  /** A panel without queries, such as a text or a clock, is drawn at once. */
  readonly needsData: boolean;
}

const kinds = new Map<string, PanelKind>();

/** Makes a kind of panel known; the last registration of a type counts. */
export function registerPanel(
  types: readonly string[],
  load: () => Promise<PanelComponent>,
  needsData = true,
): void {
  const kind = {
    loaded: null as PanelComponent | null,
    load: async () => (kind.loaded ??= await load()),
    needsData,
  };
  for (const type of types) kinds.set(type, kind);
}

export function panelKind(type: string): PanelKind | undefined {
  return kinds.get(type);
}

/** Registers a transformation's function; `run` gets the frames of all queries of a panel. */
export type Transform = (frames: readonly Frame[], options: Options) => readonly Frame[];
const transforms = new Map<string, Transform>();

export function registerTransform(id: string, run: Transform): void {
  transforms.set(id, run);
}

export function transformOf(id: string): Transform | undefined {
  return transforms.get(id);
}
