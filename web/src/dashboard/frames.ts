/** From the hub's answers to a panel's frames: names of series, the panel's transformations. */
import { fillAlias, plainName } from "./alias";
import type { AnswerFrame } from "./client";
import type { Target, Transformation } from "./model";
import { transformOf, type Frame, type Labels } from "./panel";

const isSeries = (frame: AnswerFrame): boolean =>
  frame.fields.length === 2 && frame.fields[0]?.type === "time" && (frame.meta?.column ?? "") !== "";

function labelsText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return parts.length === 0 ? "" : `{${parts.join(", ")}}`;
}

/** The one label that all series have and no other, undefined when there are more or none. */
function singleLabel(frames: readonly AnswerFrame[]): string | undefined {
  const names = new Set(
    frames.flatMap((frame) => frame.fields.flatMap((field) => Object.keys(field.labels ?? {}))),
  );
  return names.size === 1 ? [...names][0] : undefined;
}

/** Names a field by its labels, as Grafana does with answers of Flux. */
function labelled(name: string, labels: Labels | undefined, single: string | undefined): string {
  if (labels === undefined || Object.keys(labels).length === 0) return name;
  const tail = single === undefined ? labelsText(labels) : (labels[single] ?? "");
  return name === "Value" || name === "" ? tail : `${name} ${tail}`;
}

/** The name of a series of Flux: its field with what tells it from the panel's other series. */
function fluxName(frame: AnswerFrame, all: readonly AnswerFrame[], single: string | undefined): string {
  const measurement = frame.meta?.measurement ?? "";
  const differ = all.some((other) => (other.meta?.measurement ?? "") !== measurement);
  const named = labelled(frame.meta?.column ?? "", frame.labels, single);
  return differ && measurement !== "" ? `${measurement} ${named}` : named;
}

/** The frames of one query, named by its alias or by what they are; `all` are those of the whole panel. */
export function framesOf(
  answer: readonly AnswerFrame[],
  target: Target,
  expand: (text: string) => string,
  all: readonly AnswerFrame[] = answer,
): Frame[] {
  const flux = target["x-helio"]?.language === "flux";
  const single = singleLabel(flux ? all : answer);
  const alias = flux ? "" : (target.alias ?? "");
  return answer.map((frame) => {
    const own = flux && isSeries(frame) ? { field: frame.meta?.column ?? "" } : {};
    const rest = {
      refId: target.refId,
      ...(frame.meta === undefined ? {} : { meta: { ...frame.meta, ...own } }),
    };
    if (isSeries(frame)) {
      const named = {
        measurement: frame.meta?.measurement ?? "",
        column: frame.meta?.column ?? "",
        labels: frame.labels ?? {},
      };
      const name = flux
        ? fluxName(frame, all, single)
        : alias === ""
          ? plainName(named)
          : fillAlias(expand(alias), named);
      const fields = frame.fields.map((field, i) =>
        i === 0 ? { ...field, name: "Time" } : { ...field, name, labels: named.labels },
      );
      return { ...rest, name, fields };
    }
    const timed = frame.fields.some((field) => field.type === "time");
    const fields = frame.fields.map((field) =>
      field.type === "time" || !timed
        ? field
        : { ...field, name: labelled(field.name, field.labels, single) },
    );
    return { ...rest, name: frame.name, fields };
  });
}

/** What a panel's transformations make of its frames; one that is not known changes nothing. */
export function transformed(
  frames: readonly Frame[],
  transformations: readonly Transformation[],
): readonly Frame[] {
  return transformations.reduce<readonly Frame[]>(
    (made, one) => (one.disabled === true ? made : (transformOf(one.id)?.(made, one.options ?? {}) ?? made)),
    frames,
  );
}
