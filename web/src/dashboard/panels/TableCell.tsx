/** One cell of a table: its text, its colour, a bar, a link or a picture of its own hub. */
import { inkOn, legible, type Theme } from "../colours";
import { recordOf, textOf } from "../optionValues";
import type { PanelProps, ShownField } from "../panel";
import { plainText } from "./values";

/** Numbers stand on the right, so that they can be compared. */
export function alignOf(field: ShownField): string {
  const align = field.config.custom?.["align"];
  if (align === "left" || align === "center" || align === "right") return align;
  return field.type === "number" ? "right" : "left";
}

export function widthOf(field: ShownField): string {
  const custom = field.config.custom ?? {};
  const [width, least] = [custom["width"], custom["minWidth"]];
  if (typeof width === "number") return `; width: ${width}px; max-width: ${width}px`;
  return typeof least === "number" ? `; min-width: ${least}px` : "";
}

/** How a cell is coloured, in the forms of older and newer dashboards. */
function cellStyle(field: ShownField): string {
  const custom = field.config.custom ?? {};
  return textOf(recordOf(custom["cellOptions"])["type"]) || textOf(custom["displayMode"], "auto");
}

const ofRow = (field: ShownField): boolean =>
  recordOf(field.config.custom?.["cellOptions"])["applyToRow"] === true && /^color-/.test(cellStyle(field));

/** The colours that one of a row's values gives to all of it. */
export function rowColouring(fields: readonly ShownField[], row: number, theme: Theme): string {
  const field = fields.find((one) => ofRow(one) && one.values[row] != null);
  return field === undefined ? "" : colouring(cellStyle(field), field.show(field.values[row]).colour, theme);
}

function colouring(kind: string, colour: string, theme: Theme): string {
  if (kind.startsWith("color-background")) return `; background: ${colour}; color: ${inkOn(colour)}`;
  return kind === "color-text" ? `; color: ${legible(colour, theme)}` : "";
}

interface CellProps {
  readonly field: ShownField;
  readonly row: number;
  readonly linkFor: PanelProps["linkFor"];
  readonly rowStyle: string;
  readonly theme: Theme;
}

export function TableCell({ field, row, linkFor, rowStyle, theme }: CellProps) {
  const value = field.values[row];
  const shown = field.show(value);
  const text = plainText(shown);
  const kind = cellStyle(field);
  const colour = rowStyle !== "" ? rowStyle : value == null ? "" : colouring(kind, shown.colour, theme);
  const wraps = recordOf(field.config.custom?.["cellOptions"])["wrapText"] === true;
  const link = (field.config.links ?? [])
    .map((one) => linkFor(one, field, row))
    .find((href) => href !== null);
  const bar = /gauge|lcd/.test(kind) && typeof value === "number" ? share(field, value) : null;
  return (
    <td
      class={wraps ? "wraps" : ""}
      style={`text-align: ${alignOf(field)}${widthOf(field)}${colour}`}
      title={text}
    >
      {bar === null ? null : (
        <i
          class="cell-bar"
          style={`width: calc(${bar} * max(0px, 100% - 76px)); background: ${shown.colour}`}
        />
      )}
      {link == null ? (
        text
      ) : (
        <a class="link" href={link}>
          {text}
        </a>
      )}
    </td>
  );
}

function share(field: ShownField, value: number): number {
  return field.max > field.min ? Math.min(1, Math.max(0, (value - field.min) / (field.max - field.min))) : 0;
}
