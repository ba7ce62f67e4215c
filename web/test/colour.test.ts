import { describe, expect, it } from "vitest";
import { hashName, HUES, inksFor } from "../src/colour";
import { cssColour, legible, type Theme } from "../src/dashboard/colours";

type Triple = [number, number, number];

function linear(hex: string): Triple {
  const channel = (at: number): number => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

function times(matrix: readonly Triple[], [a, b, c]: Triple): Triple {
  const row = (i: number): number => {
    const [x, y, z] = matrix[i] ?? [0, 0, 0];
    return x * a + y * b + z * c;
  };
  return [row(0), row(1), row(2)];
}

// Machado, Oliveira, Fernandes 2009: severity 1.0.
const EYES: Record<string, Triple[]> = {
  usual: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

function oklab(rgb: Triple): Triple {
  const lms = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    rgb,
  );
  const roots = lms.map((value) => Math.cbrt(Math.max(0, value))) as Triple;
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    roots,
  );
}

const luminance = ([r, g, b]: Triple): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;

describe.each(["dark", "light"] as const)("the %s hues", (theme) => {
  const surface = linear(theme === "dark" ? "#161a20" : "#ffffff");

  it.each(Object.keys(EYES))("stay apart for %s eyes", (eyes) => {
    const seen = HUES[theme].map((hex) => oklab(times(EYES[eyes] ?? [], linear(hex))));
    for (const [i, a] of seen.entries()) {
      for (const b of seen.slice(i + 1)) {
        expect(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])).toBeGreaterThan(0.08);
      }
    }
  });

  it("stand out from the surface by three to one", () => {
    for (const hex of HUES[theme]) {
      const [high, low] = [luminance(linear(hex)), luminance(surface)].sort((a, b) => b - a);
      expect(((high ?? 0) + 0.05) / ((low ?? 0) + 0.05)).toBeGreaterThan(2.95);
    }
  });
});

describe("inksFor", () => {
  it("gives a name its colour alone as well as among others that do not clash", () => {
    const [alone] = inksFor(["eth0"]);
    expect(inksFor(["eth0", "wlan0"])[0]).toEqual(alone);
  });

  it("gives eight series eight hues and dashes the next ones", () => {
    const inks = inksFor(Array.from({ length: 12 }, (_, i) => `series ${i}`));
    expect(new Set(inks.slice(0, 8).map((ink) => ink.hue)).size).toBe(8);
    expect(inks.slice(0, 8).some((ink) => ink.dashed)).toBe(false);
    expect(inks.slice(8).every((ink) => ink.dashed)).toBe(true);
  });

  it("lets equal names share, and keeps fixed hues free for their owners", () => {
    const inks = inksFor(["a", "a", "b"], [undefined, undefined, 3]);
    expect(inks[0]).toEqual(inks[1]);
    expect(inks[2]).toEqual({ hue: 3, dashed: false });
    expect(inks[0]?.hue).not.toBe(3);
  });

  it("hashes as it always did", () => {
    expect(hashName("")).toBe(0x811c9dc5);
    expect(hashName("a")).toBe(0xe40c292c);
  });
});

describe("coloured text of a table", () => {
  const luminance = (colour: string): number => {
    const numbers = (colour.startsWith("#") ? colour.slice(1).match(/../g) : colour.match(/\d+/g)) ?? [];
    const hex = numbers.map((one) =>
      colour.startsWith("#") ? one : Number(one).toString(16).padStart(2, "0"),
    );
    const [red, green, blue] = linear(`#${hex.join("")}`);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };

  it.each<[Theme, string]>([
    ["light", "#ffffff"],
    ["dark", "#161a20"],
  ])("can be read on %s panels, and stays as it is where it can", (theme, ground) => {
    for (const name of ["green", "yellow", "red", "super-light-blue", "dark-purple", "#000000", "#ffffff"]) {
      const colour = cssColour(name, theme);
      const [dim = 0, bright = 0] = [luminance(legible(colour, theme)), luminance(ground)].sort(
        (a, b) => a - b,
      );
      expect((bright + 0.05) / (dim + 0.05)).toBeGreaterThanOrEqual(4.5);
    }
    expect(legible("var(--ink)", theme)).toBe("var(--ink)");
    const clear = theme === "light" ? "#19730E" : "#96D98D";
    expect(legible(clear, theme)).toBe(clear);
  });
});
