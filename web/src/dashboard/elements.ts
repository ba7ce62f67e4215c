/** The elements of a canvas panel: where each stands, and what it gets from fields. */
import { cssColour, type Theme } from "./colours";
import type { Options } from "./model";
import { listOf, numberOf, recordOf, textOf } from "./optionValues";
import type { Shown, ShownField, ShownFrame } from "./panel";
import { reduceField } from "./reduce";

export interface Box {
  readonly leftPx: number;
  readonly topPx: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface Element {
  readonly type: string;
  readonly name: string;
  readonly options: Options;
  readonly box: Box;
  readonly turnedDegrees: number;
}

const USUAL_PX = 100;
const LEAST_PX = 10;
const ELEMENTS_MOST = 1000;
const FRAMES_MOST = 8;

/** Beginning and size along one direction; the distances are percent where the constraint is `scale`. */
function along(constraint: string, near: number, far: number, size: number, room: number): [number, number] {
  if (constraint === "right" || constraint === "bottom") return [room - far - size, size];
  if (constraint === "leftright" || constraint === "topbottom") return [near, room - near - far];
  if (constraint === "center") return [room / 2 - near - size / 2, size];
  if (constraint === "scale") return [(room * near) / 100, (room * (100 - near - far)) / 100];
  return [near, size];
}

/** Where an element stands in the frame around it. */
export function boxOf(element: Options, around: Box): Box {
  const [constraint, place] = [recordOf(element["constraint"]), recordOf(element["placement"])];
  const px = (key: string, usual: number): number => numberOf(place[key], usual);
  const [leftPx, widthPx] = along(
    textOf(constraint["horizontal"]),
    ...([px("left", 0), px("right", 0), px("width", USUAL_PX), around.widthPx] as const),
  );
  const [topPx, heightPx] = along(
    textOf(constraint["vertical"]),
    ...([px("top", 0), px("bottom", 0), px("height", USUAL_PX), around.heightPx] as const),
  );
  return {
    leftPx: around.leftPx + leftPx,
    topPx: around.topPx + topPx,
    widthPx: Math.max(LEAST_PX, widthPx),
    heightPx: Math.max(LEAST_PX, heightPx),
  };
}

/** All elements below a root in the order in which they are drawn, those of a frame after it. */
export function elementsOf(root: unknown, around: Box, depth = 0): readonly Element[] {
  const found = listOf(recordOf(root)["elements"]).flatMap((one): readonly Element[] => {
    const options = recordOf(one);
    const element = {
      type: textOf(options["type"]),
      name: textOf(options["name"]),
      options,
      box: boxOf(options, around),
      turnedDegrees: numberOf(recordOf(options["placement"])["rotation"], 0),
    };
    return [element, ...(depth < FRAMES_MOST ? elementsOf(options, element.box, depth + 1) : [])];
  });
  return found.slice(0, ELEMENTS_MOST);
}

/** What elements take from the data: the last value of a field that they name. */
export class Source {
  constructor(
    private readonly frames: readonly ShownFrame[],
    private readonly theme: Theme,
    private readonly expand: (text: string) => string,
  ) {}

  /** The field that an option names; none where it says that its own fixed value counts. */
  field(option: unknown): ShownField | undefined {
    const { field, mode } = recordOf(option);
    if (typeof field !== "string" || field === "" || (mode !== undefined && mode !== "field"))
      return undefined;
    const all = this.frames.flatMap((frame) => frame.fields);
    return all.find((one) => one.title === field) ?? all.find((one) => one.name === field);
  }

  value(option: unknown): Shown | undefined {
    const field = this.field(option);
    return field?.show(reduceField(field, "lastNotNull"));
  }

  /** The number of a field, or the fixed one. */
  number(option: unknown, usual: number): number {
    const field = this.field(option);
    const value = field === undefined ? undefined : reduceField(field, "lastNotNull");
    return typeof value === "number" ? value : numberOf(recordOf(option)["fixed"], usual);
  }

  /** A CSS colour, null where the option says none. */
  colour(option: unknown): string | null {
    const fixed = textOf(recordOf(option)["fixed"]);
    return this.value(option)?.colour ?? (fixed === "" ? null : cssColour(fixed, this.theme));
  }

  text(option: unknown): string {
    const shown = this.value(option);
    if (shown !== undefined) return shown.prefix + shown.text + shown.suffix;
    const { mode, fixed } = recordOf(option);
    return mode === "field" ? "" : this.expand(textOf(fixed));
  }
}
