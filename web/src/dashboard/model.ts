/** The view of a dashboard as the hub serves it: Grafana's newest classic schema, old forms already migrated. */

export type Scalar = number | string | boolean | null;
export type Options = Readonly<Record<string, unknown>>;

export interface GridPos {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Target {
  readonly refId: string;
  readonly hide?: boolean;
  readonly query?: string;
  readonly alias?: string;
  readonly resultFormat?: string;
  readonly "x-helio"?: {
    readonly language: "influxql" | "flux" | "sql" | null;
    readonly bucket: string | null;
    /** The data source of the document; the hub puts it back when the view is saved. */
    readonly datasource?: unknown;
  };
}

export interface Threshold {
  /** Null stands for minus infinity: the colour below the first step. */
  readonly value: number | null;
  readonly color: string;
}

export interface Thresholds {
  readonly mode: "absolute" | "percentage";
  readonly steps: readonly Threshold[];
}

export interface MappingResult {
  readonly text?: string;
  readonly color?: string;
  readonly index?: number;
}

export type Mapping =
  | { readonly type: "value"; readonly options: Readonly<Record<string, MappingResult>> }
  | {
      readonly type: "range";
      readonly options: {
        readonly from: number | null;
        readonly to: number | null;
        readonly result: MappingResult;
      };
    }
  | { readonly type: "regex"; readonly options: { readonly pattern: string; readonly result: MappingResult } }
  | {
      readonly type: "special";
      readonly options: { readonly match: string; readonly result: MappingResult };
    };

export interface Link {
  readonly title?: string;
  readonly url?: string;
  readonly targetBlank?: boolean;
  readonly type?: string;
  readonly tags?: readonly string[];
  readonly keepTime?: boolean;
  readonly includeVars?: boolean;
}

export interface FieldConfig {
  readonly unit?: string;
  readonly decimals?: number | null;
  readonly min?: number | null;
  readonly max?: number | null;
  /** Least and most are those of each field, not of all fields of the panel. */
  readonly fieldMinMax?: boolean;
  readonly displayName?: string;
  readonly noValue?: string;
  readonly color?: { readonly mode: string; readonly fixedColor?: string; readonly seriesBy?: string };
  readonly mappings?: readonly Mapping[];
  readonly thresholds?: Thresholds;
  readonly links?: readonly Link[];
  readonly custom?: Options;
}

export interface Override {
  readonly matcher: { readonly id: string; readonly options?: unknown };
  readonly properties: readonly { readonly id: string; readonly value?: unknown }[];
}

export interface Transformation {
  readonly id: string;
  readonly disabled?: boolean;
  readonly options?: Options;
}

export interface PanelModel {
  readonly id: number;
  readonly type: string;
  readonly title?: string;
  readonly description?: string;
  readonly gridPos: GridPos;
  readonly datasource?: unknown;
  readonly targets?: readonly Target[];
  readonly fieldConfig?: { readonly defaults?: FieldConfig; readonly overrides?: readonly Override[] };
  readonly options?: Options;
  readonly transformations?: readonly Transformation[];
  readonly timeFrom?: string | null;
  readonly timeShift?: string | null;
  readonly hideTimeOverride?: boolean;
  readonly maxDataPoints?: number | null;
  readonly interval?: string | null;
  readonly links?: readonly Link[];
  readonly repeat?: string | null;
  readonly repeatDirection?: "h" | "v";
  readonly maxPerRow?: number;
  readonly transparent?: boolean;
  readonly collapsed?: boolean;
  /** Times that a chart of before version 8 marks. */
  readonly "x-regions"?: unknown;
  /** The panels of a collapsed row. */
  readonly panels?: readonly PanelModel[];
  readonly "x-helio"?: {
    readonly degraded?: readonly string[];
    readonly unsupported?: string | null;
    readonly datasource?: unknown;
  };
}

export interface VariableOption {
  readonly text: string;
  readonly value: string;
}

export interface VariableModel {
  readonly name: string;
  readonly type: string;
  readonly label?: string | null;
  readonly hide?: number;
  readonly query?: unknown;
  readonly definition?: string;
  readonly regex?: string;
  readonly sort?: number;
  readonly refresh?: number;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly allValue?: string | null;
  readonly auto?: boolean;
  readonly auto_count?: number;
  readonly auto_min?: string;
  readonly current?: { readonly text?: unknown; readonly value?: unknown };
  readonly options?: readonly { readonly text?: unknown; readonly value?: unknown }[];
  readonly filters?: readonly AdhocFilter[];
  readonly datasource?: unknown;
  readonly "x-helio"?: {
    readonly language?: string | null;
    readonly bucket?: string | null;
    readonly datasource?: unknown;
  };
}

export interface AdhocFilter {
  readonly key: string;
  readonly operator: string;
  readonly value: string;
}

export interface DashboardView {
  readonly uid?: string;
  readonly title?: string;
  readonly tags?: readonly string[];
  readonly panels?: readonly PanelModel[];
  readonly templating?: { readonly list?: readonly VariableModel[] };
  readonly time?: { readonly from?: string; readonly to?: string };
  readonly refresh?: string | boolean;
  readonly timezone?: string;
  readonly links?: readonly Link[];
  readonly graphTooltip?: number;
}
