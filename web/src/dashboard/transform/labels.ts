/** Transformations between labels of series and columns of tables. */
import type { Options } from "../model";
import { textOf, textsOf } from "../optionValues";
import type { Field, Frame, Labels } from "../panel";
import { rowGroups } from "./group";
import { joinFrames, merge } from "./join";
import { pickRows, rowCount, timeField, titleOf } from "./names";

function keptLabels(field: Field, options: Options): [string, string][] {
  const keep = textsOf(options["keepLabels"]);
  return Object.entries(field.labels ?? {}).filter(([name]) => keep.length === 0 || keep.includes(name));
}

function labelColumns(field: Field, frame: Frame, options: Options): Frame {
  const valueLabel = textOf(options["valueLabel"]);
  const labels = keptLabels(field, options);
  const columns = labels
    .filter(([name]) => name !== valueLabel)
    .map(([name, value]): Field => ({
      name,
      type: "string",
      values: new Array<string>(rowCount(frame)).fill(value),
    }));
  const name = field.labels?.[valueLabel] ?? field.name;
  const plain = { ...field, labels: {} };
  const time = timeField(frame);
  return {
    ...frame,
    name: "",
    fields: [...(time === undefined ? [] : [time]), ...columns, { ...plain, name }],
  };
}

function labelRows(field: Field, frame: Frame, frames: readonly Frame[], options: Options): Frame {
  const labels = keptLabels(field, options);
  return {
    refId: frame.refId,
    name: titleOf(field, frame, frames),
    fields: [
      { name: "label", type: "string", values: labels.map(([name]) => name) },
      { name: "value", type: "string", values: labels.map(([, value]) => value) },
    ],
  };
}

/** Labels become columns of one table, or rows of one table for each series. */
export function labelsToFields(frames: readonly Frame[], options: Options): readonly Frame[] {
  const series = frames.flatMap((frame) =>
    frame.fields
      .filter((field) => field.type !== "time" && Object.keys(field.labels ?? {}).length > 0)
      .map((field) => ({ field, frame })),
  );
  if (series.length === 0) return frames;
  if (options["mode"] === "rows")
    return series.map(({ field, frame }) => labelRows(field, frame, frames, options));
  return merge(series.map(({ field, frame }) => labelColumns(field, frame, options)));
}

/** A long table (time, texts, numbers) as one series for each combination of its texts and each number. */
function seriesOf(frame: Frame): Frame[] {
  const time = timeField(frame);
  if (time === undefined) return [];
  const texts = frame.fields.filter((field) => field.type === "string");
  const numbers = frame.fields.filter((field) => field.type === "number" || field.type === "boolean");
  return rowGroups(frame, texts).flatMap((rows) => {
    const labels: Labels = Object.fromEntries(
      texts.map((field) => [field.name, String(field.values[rows[0] ?? 0] ?? "")]),
    );
    return numbers.map((field) => {
      const own = { ...field, labels: { ...field.labels, ...labels } };
      const words = texts.length === 0 ? "" : ` ${Object.values(labels).join(" ")}`;
      const name =
        frame.name !== "" && numbers.length === 1 && texts.length === 0 ? frame.name : field.name + words;
      return pickRows({ ...frame, name, fields: [time, own] }, rows);
    });
  });
}

/** Tables of times as series: one frame for each (`multi`, `many`), or all joined by time (`wide`). */
export function prepareTimeSeries(frames: readonly Frame[], options: Options): readonly Frame[] {
  const series = frames.flatMap(seriesOf);
  return options["format"] === "wide" ? joinFrames(series, "", "outer") : series;
}
