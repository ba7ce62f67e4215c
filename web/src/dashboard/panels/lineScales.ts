/** The axes of a time series: which lines share one, and how it looks. */
import { recordOf } from "../optionValues";
import type { ShownField } from "../panel";
import type { Line } from "./lines";

export interface Scale {
  readonly key: string;
  readonly field: ShownField;
  readonly side: "left" | "right" | "hidden";
  readonly log: number | null;
  /** Linear up to this distance from zero and logarithmic beyond, null where it is not so. */
  readonly linearTo: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly softMin: number | null;
  readonly softMax: number | null;
  readonly label: string;
  readonly grounded: boolean;
  /** Zero stands in the middle. */
  readonly centred: boolean;
  readonly percent: boolean;
  readonly look: AxisLook;
}

/** How an axis looks, where a panel says so. */
export interface AxisLook {
  readonly colour: string | null;
  readonly widthPx: number | null;
  readonly border: boolean;
  readonly grid: boolean | null;
}

const WIDTH_MOST_PX = 300;

export type Custom = Readonly<Record<string, unknown>>;
export const customOf = (field: ShownField): Custom => field.config.custom ?? {};
export const number = (value: unknown, otherwise: number): number =>
  typeof value === "number" ? value : otherwise;
export const orNull = (value: unknown): number | null => (typeof value === "number" ? value : null);
/** uPlot makes ticks without end for a distance that is not above zero. */
const above = (value: unknown): number | null => (typeof value === "number" && value > 0 ? value : null);
const widthOf = (value: unknown): number | null =>
  typeof value === "number" && value >= 0 ? Math.min(value, WIDTH_MOST_PX) : null;
export const word = (value: unknown, otherwise: string): string =>
  typeof value === "string" ? value : otherwise;

/** Lines with the same key share an axis. */
export function scaleKey(field: ShownField): string {
  const custom = customOf(field);
  const { unit = "", min = null, max = null } = field.config;
  return JSON.stringify([
    unit,
    custom["axisPlacement"] ?? "auto",
    custom["axisLabel"] ?? "",
    min,
    max,
    custom["scaleDistribution"] ?? 0,
  ]);
}

/** The axis of the lines with this key; the first one stands on the left. */
export function scaleOf(key: string, lines: readonly Line[], first: boolean): Scale {
  const own = lines.filter((line) => line.scale === key);
  const { field } = own[0] as Line;
  const custom = customOf(field);
  const placement = word(custom["axisPlacement"], "auto");
  const distribution = recordOf(custom["scaleDistribution"]);
  return {
    key,
    field,
    side:
      placement === "left" || placement === "right" || placement === "hidden"
        ? placement
        : first
          ? "left"
          : "right",
    log: distribution["type"] === "log" ? number(distribution["log"], 10) : null,
    linearTo: distribution["type"] === "symlog" ? (above(distribution["linearThreshold"]) ?? 1) : null,
    min: field.config.min ?? null,
    max: field.config.max ?? null,
    softMin: orNull(custom["axisSoftMin"]),
    softMax: orNull(custom["axisSoftMax"]),
    label: word(custom["axisLabel"], ""),
    centred: own.some((line) => customOf(line.field)["axisCenteredZero"] === true),
    grounded: own.some((line) => line.style === "bars" || line.stack !== null),
    percent: own.some((line) => line.percent),
    look: {
      colour: custom["axisColorMode"] === "series" ? field.colour : null,
      widthPx: widthOf(custom["axisWidth"]),
      border: custom["axisBorderShow"] === true,
      grid: typeof custom["axisGridShow"] === "boolean" ? custom["axisGridShow"] : null,
    },
  };
}
