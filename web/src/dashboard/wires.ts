/** The connections between the elements of a canvas panel, as lines with heads. */
import type { Box, Element, Source } from "./elements";
import type { Options } from "./model";
import { listOf, numberOf, recordOf, textOf } from "./optionValues";

type Point = readonly [xPx: number, yPx: number];

export interface Wire {
  readonly points: readonly Point[];
  readonly colour: string;
  readonly widthPx: number;
  readonly dash: string;
  /** The corners of the heads. */
  readonly heads: readonly (readonly Point[])[];
}

const DASHES: Readonly<Record<string, string>> = { dashed: "8 6", dotted: "2 4" };

/** A point of a box: from -1 to 1 in both directions, upwards positive. */
function pointOf(box: Box, at: unknown): Point {
  const { x, y } = recordOf(at);
  return [
    box.leftPx + (box.widthPx * (1 + numberOf(x, 0))) / 2,
    box.topPx + (box.heightPx * (1 - numberOf(y, 0))) / 2,
  ];
}

function headOf([fromX, fromY]: Point, [x, y]: Point, widthPx: number): readonly Point[] {
  const length = Math.hypot(x - fromX, y - fromY);
  if (length === 0) return [];
  const size = 6 + 2 * widthPx;
  const [dx, dy] = [((x - fromX) / length) * size, ((y - fromY) / length) * size];
  return [
    [x, y],
    [x - dx - dy / 2, y - dy + dx / 2],
    [x - dx + dy / 2, y - dy - dx / 2],
  ];
}

/** Which ends have a head; by a field's number the sign says it. */
function ends(direction: unknown, source: Source): readonly ("source" | "target")[] {
  const { fixed } = recordOf(direction);
  if (source.field(direction) !== undefined) {
    const value = source.number(direction, 0);
    return value > 0 ? ["target"] : value < 0 ? ["source"] : [];
  }
  if (fixed === "none") return [];
  return fixed === "both" ? ["source", "target"] : fixed === "reverse" ? ["source"] : ["target"];
}

function wireOf(connection: Options, from: Box, to: Box, source: Source): Wire {
  const [start, end] = [pointOf(from, connection["source"]), pointOf(to, connection["target"])];
  // Corners on the way are shares of the way.
  const corners = listOf(connection["vertices"]).map((one): Point => {
    const { x, y } = recordOf(one);
    return [start[0] + numberOf(x, 0) * (end[0] - start[0]), start[1] + numberOf(y, 0) * (end[1] - start[1])];
  });
  const points = [start, ...corners, end];
  const widthPx = Math.min(50, Math.max(0.5, numberOf(recordOf(connection["size"])["fixed"], 2)));
  const [second = end, last = start] = [points[1], points[points.length - 2]];
  const style = connection["lineStyle"];
  return {
    points,
    colour: source.colour(connection["color"]) ?? "var(--ink-muted)",
    widthPx,
    dash: DASHES[textOf(style, textOf(recordOf(style)["style"]))] ?? "",
    heads: ends(connection["direction"], source).map((one) =>
      one === "target" ? headOf(last, end, widthPx) : headOf(second, start, widthPx),
    ),
  };
}

/** The connections of all elements; one to no element, or to none that is there, ends on the canvas itself. */
export function wiresOf(elements: readonly Element[], canvas: Box, source: Source): readonly Wire[] {
  const boxes = new Map(elements.map(({ name, box }) => [name, box]));
  return elements.flatMap(({ options, box }) =>
    listOf(options["connections"]).map((one) => {
      const connection = recordOf(one);
      return wireOf(connection, box, boxes.get(textOf(connection["targetName"])) ?? canvas, source);
    }),
  );
}
