/** What a transformation gives: how many tables, columns and rows, and the first of them. */
import { formatUnit } from "../../format";
import type { Scalar } from "../../model";
import type { Field, Frame } from "../../panel";
import { rowCount, titleOf } from "../../transform/names";
import { counted, resultText } from "./resultText";

const MOST_FRAMES = 3;
const MOST_ROWS = 5;
const MOST_FIELDS = 10;

export function StepResult({ frames, rows }: { frames: readonly Frame[]; rows: boolean }) {
  return (
    <div class="step-result">
      <p class="hint" data-testid="step-result">
        {resultText(frames)}
      </p>
      {rows
        ? frames
            .slice(0, MOST_FRAMES)
            .map((frame, i) => <FrameTable key={i} frame={frame} frames={frames} number={i + 1} />)
        : null}
      {rows && frames.length > MOST_FRAMES ? (
        <p class="hint">and {counted(frames.length - MOST_FRAMES, "more table", "more tables")}</p>
      ) : null}
    </div>
  );
}

function cellText(value: Scalar, field: Field): string {
  if (value === null) return "";
  if (typeof value !== "number") return String(value);
  if (field.type === "time") return formatUnit(value, "dateTimeAsIso").text;
  return String(Number(value.toPrecision(6)));
}

function FrameTable({ frame, frames, number }: { frame: Frame; frames: readonly Frame[]; number: number }) {
  const fields = frame.fields.slice(0, MOST_FIELDS);
  const rows = Array.from({ length: Math.min(MOST_ROWS, rowCount(frame)) }, (_, i) => i);
  return (
    // Wide tables move within their own box, which the keyboard reaches.
    <div class="step-table" tabIndex={0} role="group" aria-label={`Rows of table ${number}`}>
      <table>
        <thead>
          <tr>
            {fields.map((field, i) => (
              <th key={i} scope="col">
                {titleOf(field, frame, frames)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row}>
              {fields.map((field, i) => (
                <td key={i}>{cellText(field.values[row] ?? null, field)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
