/** The names of the groups of a bar chart: below standing bars, straight or tilted, or beside lying ones. */
import type { Room } from "../bars";
import { numberOf } from "../optionValues";
import type { Options } from "../model";
import { fitted, textWidthPx } from "../ticks";

/** Where names stand and which: their tilt, the least distance between two, and how long they may be. */
export interface NamesAt {
  /** Above zero they rise to the right. */
  readonly degrees: number;
  readonly spacingPx: number;
  readonly lettersMost: number;
}

export const STRAIGHT: NamesAt = { degrees: 0, spacingPx: 0, lettersMost: Infinity };

export function namesAtOf(options: Options): NamesAt {
  return {
    degrees: Math.min(90, Math.max(-90, numberOf(options["xTickLabelRotation"], 0))),
    spacingPx: Math.abs(numberOf(options["xTickLabelSpacing"], 0)),
    lettersMost: numberOf(options["xTickLabelMaxLength"], 0) || Infinity,
  };
}

interface NamesProps {
  readonly labels: readonly string[];
  readonly lying: boolean;
  readonly room: Room;
  readonly at: NamesAt;
  /** How much room there is below the bars. */
  readonly belowPx: number;
}

const LINE_PX = 18;
const WIDTH_MOST_PX = 140;

export const widestName = (labels: readonly string[]): number =>
  Math.min(WIDTH_MOST_PX, Math.max(0, ...labels.map(textWidthPx)));

const shortened = (label: string, most: number): string =>
  label.length > most ? `${label.slice(0, most)}…` : label;

/** How high names are that stand below. */
export function tiltedHighPx(labels: readonly string[], { degrees, lettersMost }: NamesAt): number {
  if (degrees === 0) return LINE_PX;
  const widest = widestName(labels.map((label) => shortened(label, lettersMost)));
  return LINE_PX + widest * Math.sin((Math.abs(degrees) * Math.PI) / 180);
}

/** Every how manieth name has room. */
function everyOf(slotPx: number, widestPx: number, at: NamesAt, lying: boolean): number {
  const lean = Math.abs(Math.sin((at.degrees * Math.PI) / 180));
  const takenPx = lying ? LINE_PX - 4 : lean === 0 ? widestPx + 8 : Math.min(widestPx + 8, LINE_PX / lean);
  return Math.max(1, Math.ceil(Math.max(takenPx, lying ? 0 : at.spacingPx) / slotPx));
}

/** How long tilted names may be, so that they do not leave the picture below. */
const longestPx = (belowPx: number, { degrees }: NamesAt): number =>
  (belowPx - LINE_PX) / Math.max(0.01, Math.abs(Math.sin((degrees * Math.PI) / 180)));

export function BarNames({ labels: given, lying, room, at, belowPx }: NamesProps) {
  const labels = given.map((label) => shortened(label, at.lettersMost));
  const slot = (lying ? room.high : room.wide) / Math.max(1, labels.length);
  const widest = Math.max(1, widestName(labels));
  const every = everyOf(slot, widest, at, lying);
  const tiltedPx = Math.min(widest, longestPx(belowPx, at));
  const cut = (i: number, label: string): boolean =>
    at.degrees === 0 && slot * (i + 0.5) + textWidthPx(label) / 2 > room.wide + 6;
  const one = (label: string, i: number) => {
    const middle = slot * (i + 0.5);
    if (lying) return <Beside key={i} text={fitted(label, room.left - 8)} room={room} middle={middle} />;
    const bottom = room.top + room.high + 14;
    if (at.degrees !== 0)
      return <Tilted key={i} text={fitted(label, tiltedPx)} x={room.left + middle} y={bottom} at={at} />;
    const x = Math.max(textWidthPx(label) / 2, room.left + middle);
    return (
      <text key={i} x={x} y={bottom} text-anchor="middle" class="dash-tick">
        {fitted(label, Math.max(slot * every, widest))}
      </text>
    );
  };
  return (
    <>
      {labels.map((label, i) =>
        i % every !== 0 || (!lying && i > 0 && cut(i, label)) ? null : one(label, i),
      )}
    </>
  );
}

function Beside({ text, room, middle }: { text: string; room: Room; middle: number }) {
  return (
    <text x={room.left - 6} y={room.top + middle + 4} text-anchor="end" class="dash-tick">
      {text}
    </text>
  );
}

function Tilted({ text, x, y, at }: { text: string; x: number; y: number; at: NamesAt }) {
  return (
    <text
      transform={`translate(${x} ${y - 4}) rotate(${-at.degrees})`}
      text-anchor={at.degrees > 0 ? "end" : "start"}
      class="dash-tick"
    >
      {text}
    </text>
  );
}
