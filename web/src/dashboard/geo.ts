/** Places on a map: the rows of frames that have a latitude and a longitude. */
import type { ShownField, ShownFrame } from "./panel";

export interface Place {
  readonly latitude: number;
  readonly longitude: number;
  readonly frame: ShownFrame;
  readonly row: number;
}

const LATITUDE = /^(lat|latitude|.*[_ .-]lat|.*latitude)$/i;
const LONGITUDE = /^(lon|lng|long|longitude|.*[_ .-](lon|lng)|.*longitude)$/i;

function numbersNamed(frame: ShownFrame, name: RegExp): ShownField | undefined {
  const found = frame.fields.filter((field) => field.type === "number" || field.type === "string");
  return found.find((field) => name.test(field.title) || name.test(field.name));
}

function geohash(text: string): [number, number] | undefined {
  const DIGITS = "0123456789bcdefghjkmnpqrstuvwxyz";
  const spans: [[number, number], [number, number]] = [
    [-180, 180],
    [-90, 90],
  ];
  let axis = 0;
  for (const letter of text.toLowerCase()) {
    const digit = DIGITS.indexOf(letter);
    if (digit < 0) return undefined;
    for (let bit = 16; bit >= 1; bit >>= 1) {
      const span = spans[axis] ?? spans[0];
      const middle = (span[0] + span[1]) / 2;
      if ((digit & bit) === 0) span[1] = middle;
      else span[0] = middle;
      axis = 1 - axis;
    }
  }
  return [(spans[1][0] + spans[1][1]) / 2, (spans[0][0] + spans[0][1]) / 2];
}

function placeIn(frame: ShownFrame, row: number): [number, number] | undefined {
  const [lat, lon] = [numbersNamed(frame, LATITUDE), numbersNamed(frame, LONGITUDE)];
  if (lat !== undefined && lon !== undefined) {
    const [a, b] = [lat.values[row] ?? null, lon.values[row] ?? null];
    return a === null || b === null || a === "" || b === "" ? undefined : [Number(a), Number(b)];
  }
  const hash = frame.fields.find((field) => /^geohash$/i.test(field.name) && field.type === "string");
  const text = hash?.values[row];
  return typeof text === "string" && text !== "" ? geohash(text) : undefined;
}

/** Every row that names a place on earth. */
export function placesOf(frames: readonly ShownFrame[]): Place[] {
  return frames.flatMap((frame) =>
    Array.from({ length: frame.fields[0]?.values.length ?? 0 }, (_, row) => ({
      row,
      at: placeIn(frame, row),
    })).flatMap(({ row, at }) => {
      const [latitude = NaN, longitude = NaN] = at ?? [];
      const known = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
      return known ? [{ latitude, longitude, frame, row }] : [];
    }),
  );
}
