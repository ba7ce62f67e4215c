/** Rows and columns: sorting, coloured cells, links, widths. */
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { footLines, type FootCell } from "../footer";
import type { Options, Scalar } from "../model";
import { listOf, numberOf, recordOf, textOf } from "../optionValues";
import type { PanelProps, ShownField, ShownFrame } from "../panel";
import { alignOf, rowColouring, TableCell, widthOf } from "./TableCell";

const MOST_ROWS = 500;

interface Sort {
  readonly column: string;
  readonly falls: boolean;
}

/** Several series become one table of their rows, with a column for what they are called. */
export function oneTable(frames: readonly ShownFrame[]): readonly ShownField[] {
  const filled = frames.filter((frame) => frame.fields.length > 0);
  return (filled[0]?.fields ?? []).filter((field) => !isHidden(field));
}

function isHidden(field: ShownField): boolean {
  const custom = field.config.custom ?? {};
  return custom["hidden"] === true || (custom["hideFrom"] as { viz?: boolean } | undefined)?.viz === true;
}

const rank = (value: Scalar | undefined): number => (value === null || value === undefined ? 0 : 1);

export function compareCells(a: Scalar | undefined, b: Scalar | undefined): number {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

/** The column by which a table is sorted at first: by its name, or in older ones by its place. */
export function firstSort(options: Options, fields: readonly ShownField[]): Sort | null {
  const sort = recordOf(listOf(options["sortBy"])[0]);
  const column = textOf(sort["displayName"]) || (fields[numberOf(sort["column"], -1)]?.title ?? "");
  return column === "" ? null : { column, falls: sort["desc"] === true };
}

export function Table({ frames, options, linkFor, theme }: PanelProps) {
  const chosen = useSignal(Math.max(0, numberOf(options["frameIndex"], 0)));
  const frame = frames[Math.min(chosen.value, frames.length - 1)];
  const fields = oneTable(frame === undefined ? [] : [frame]);
  const sort = useSignal<Sort | null>(firstSort(options, fields));
  const foot = useMemo(() => footLines(fields, options), [frame, options]);
  const order = useMemo(() => rowOrder(fields, sort.value), [frame, sort.value]);
  const turn = (column: string): void => {
    const now = sort.value;
    sort.value =
      now?.column !== column ? { column, falls: false } : now.falls ? null : { column, falls: true };
  };
  return (
    <div class="board-table" data-testid="board-table">
      <div class="scroll" tabIndex={0} role="region" aria-label="Table">
        <table>
          {options["showHeader"] === false ? null : (
            <TableHead fields={fields} sort={sort.value} turn={turn} />
          )}
          <tbody>
            {order.slice(0, MOST_ROWS).map((row) => {
              const rowStyle = rowColouring(fields, row, theme);
              return (
                <tr key={row}>
                  {fields.map((field, i) => (
                    <TableCell
                      key={i}
                      field={field}
                      row={row}
                      linkFor={linkFor}
                      rowStyle={rowStyle}
                      theme={theme}
                    />
                  ))}
                </tr>
              );
            })}
          </tbody>
          {foot.length === 0 ? null : <TableFoot fields={fields} lines={foot} />}
        </table>
        {order.length > MOST_ROWS ? (
          <p class="note">{`${MOST_ROWS} of ${order.length} rows are shown.`}</p>
        ) : null}
      </div>
      {frames.length > 1 ? (
        <select
          aria-label="Series"
          value={chosen.value}
          onChange={(event) => (chosen.value = Number(event.currentTarget.value))}
        >
          {frames.map((one, i) => (
            <option key={i} value={i}>
              {one.name === "" ? one.refId : one.name}
            </option>
          ))}
        </select>
      ) : null}
    </div>
  );
}

function rowOrder(fields: readonly ShownField[], sort: Sort | null): number[] {
  const rows = Array.from({ length: fields[0]?.values.length ?? 0 }, (_, i) => i);
  const field = fields.find((one) => one.title === sort?.column);
  if (field === undefined || sort === null) return rows;
  const sign = sort.falls ? -1 : 1;
  return rows.sort((a, b) => sign * compareCells(field.values[a], field.values[b]));
}

function TableHead(props: {
  fields: readonly ShownField[];
  sort: Sort | null;
  turn: (column: string) => void;
}) {
  return (
    <thead>
      <tr>
        {props.fields.map((field, i) => {
          const sorted =
            props.sort?.column === field.title ? (props.sort.falls ? "descending" : "ascending") : "none";
          return (
            <th
              key={i}
              scope="col"
              aria-sort={sorted}
              style={`text-align: ${alignOf(field)}${widthOf(field)}`}
            >
              <button type="button" onClick={() => props.turn(field.title)}>
                {field.title}
                {sorted === "none" ? "" : sorted === "ascending" ? " ↑" : " ↓"}
              </button>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

function TableFoot({ fields, lines }: { fields: readonly ShownField[]; lines: readonly FootCell[][] }) {
  return (
    <tfoot>
      {lines.map((line, i) => (
        <tr key={i}>
          {line.map((cell, column) => {
            const field = fields[column];
            return (
              <td key={column} style={field === undefined ? "" : `text-align: ${alignOf(field)}`}>
                {cell.label === "" ? null : <span class="foot-label">{cell.label}</span>}
                {cell.text}
              </td>
            );
          })}
        </tr>
      ))}
    </tfoot>
  );
}
