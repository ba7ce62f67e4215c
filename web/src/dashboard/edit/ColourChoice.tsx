/** A colour by Grafana's names for it, or any other; and the ways in which a series gets its colour. */
import { theme } from "../../state";
import { cssColour } from "../colours";
import type { FieldConfig } from "../model";
import { pixelColour } from "./pixelColour";

const COLOURS = [
  "green",
  "yellow",
  "orange",
  "red",
  "blue",
  "purple",
  "light-green",
  "light-yellow",
  "light-orange",
  "light-red",
  "light-blue",
  "light-purple",
  "dark-green",
  "dark-yellow",
  "dark-orange",
  "dark-red",
  "dark-blue",
  "dark-purple",
  "text",
  "transparent",
];
const OWN = "own";

interface ColourProps {
  readonly colour: string;
  readonly choose: (colour: string) => void;
  readonly label?: string;
  readonly testid?: string | undefined;
}

export function ColourChoice({ colour, choose, label = "Colour", testid }: ColourProps) {
  const named = COLOURS.includes(colour);
  const hex = /^#[0-9a-f]{6}$/i.test(colour);
  return (
    <span class="colour-choice">
      {hex ? (
        <input
          type="color"
          class="swatch"
          aria-label={`${label}, mixed`}
          value={colour}
          onInput={(event) => choose(event.currentTarget.value)}
        />
      ) : (
        <span class="swatch" style={`background: ${cssColour(colour, theme.value)}`} aria-hidden="true" />
      )}
      <select
        aria-label={label}
        value={hex ? OWN : colour}
        onChange={(event) => {
          const next = event.currentTarget.value;
          choose(next === OWN ? pixelColour(cssColour(colour, theme.value)) : next);
        }}
        data-testid={testid}
      >
        {named || hex ? null : <option value={colour}>{colour}</option>}
        {COLOURS.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
        <option value={OWN}>mixed…</option>
      </select>
    </span>
  );
}

type Scheme = NonNullable<FieldConfig["color"]>;

const SCHEMES: readonly (readonly [mode: string, text: string])[] = [
  ["palette-classic", "one for each series"],
  ["palette-classic-by-name", "by the series' name"],
  ["fixed", "one for all"],
  ["shades", "shades of one"],
  ["thresholds", "of the thresholds"],
  ["continuous-GrYlRd", "green, yellow, red"],
  ["continuous-RdYlGr", "red, yellow, green"],
  ["continuous-BlYlRd", "blue, yellow, red"],
  ["continuous-YlRd", "yellow, red"],
  ["continuous-blues", "blues"],
  ["continuous-reds", "reds"],
  ["continuous-greens", "greens"],
  ["continuous-purples", "purples"],
];

interface SchemeProps {
  readonly label: string;
  readonly value: unknown;
  readonly put: (next: Scheme) => void;
  readonly testid: string;
}

/** Where colours come from, with the colour itself where it is one. */
export function SchemeField({ label, value, put, testid }: SchemeProps) {
  const scheme = (typeof value === "object" && value !== null ? value : {}) as Partial<Scheme>;
  const mode = scheme.mode ?? "palette-classic";
  const single = mode === "fixed" || mode === "shades";
  return (
    <>
      <label class="look-line">
        <span>{label}</span>
        <select
          value={mode}
          onChange={(event) => {
            const next = event.currentTarget.value;
            const fixed = next === "fixed" || next === "shades" ? { fixedColor: "green" } : {};
            put({ ...fixed, ...scheme, mode: next });
          }}
          data-testid={testid}
        >
          {SCHEMES.some(([one]) => one === mode) ? null : <option value={mode}>{mode}</option>}
          {SCHEMES.map(([one, text]) => (
            <option key={one} value={one}>
              {text}
            </option>
          ))}
        </select>
      </label>
      {single ? (
        <div class="look-line">
          <span>Colour</span>
          <ColourChoice
            colour={scheme.fixedColor ?? "green"}
            choose={(fixedColor) => put({ ...scheme, mode, fixedColor })}
            testid={`${testid}-fixed`}
          />
        </div>
      ) : null}
    </>
  );
}
