/** Values as bars, lying or standing. */
import { cssColour, schemeColour } from "../colours";
import { textOf } from "../optionValues";
import type { PanelProps, ShownField } from "../panel";
import { thresholdColour } from "../fieldModel";
import { plainText, shareOf, sideBySide, valuesOf, type ShownValue } from "./values";

const CELLS = 30;

export function BarGauge({ frames, options, widthPx, heightPx, theme }: PanelProps) {
  const values = valuesOf(frames, options);
  if (values.length === 0) return <p class="dash-note">No value to show.</p>;
  // Standing bars beside each other are Grafana's "vertical"; of "auto", a wide panel has them.
  const standing = sideBySide(options, widthPx, heightPx);
  const wanted = options["displayMode"];
  const mode = typeof wanted === "string" ? wanted : "gradient";
  return (
    <div class={standing ? "bars standing" : "bars"}>
      {values.map((value) => (
        <Bar
          key={value.key}
          value={value}
          mode={mode}
          standing={standing}
          theme={theme}
          named={options["namePlacement"] !== "hidden"}
          valueMode={textOf(options["valueMode"], "color")}
          unfilled={options["showUnfilled"] !== false}
        />
      ))}
    </div>
  );
}

interface BarProps {
  readonly value: ShownValue;
  readonly mode: string;
  readonly standing: boolean;
  readonly theme: "dark" | "light";
  readonly named: boolean;
  /** Whether figures have the colour of their value, that of texts, or are not shown. */
  readonly valueMode: string;
  /** Whether the part that is not reached is to be seen. */
  readonly unfilled: boolean;
}

/** The colour that a place of the bar has. */
function colourAt(field: ShownField, share: number, theme: "dark" | "light", otherwise: string): string {
  const scheme = schemeColour(field.config.color?.mode ?? "", share, theme);
  if (scheme !== undefined) return scheme;
  if (field.config.color?.mode !== undefined && field.config.color.mode !== "thresholds") return otherwise;
  const value = field.min + share * (field.max - field.min);
  return cssColour(thresholdColour(value, share, field.config.thresholds), theme);
}

function Bar({ value, mode, standing, theme, named, valueMode, unfilled }: BarProps) {
  const { shown, field, title } = value;
  const share = shareOf(value);
  const percent = `${(share * 100).toFixed(1)}%`;
  const gradient = `linear-gradient(to ${standing ? "top" : "right"}, ${colourAt(field, 0, theme, shown.colour)}, ${shown.colour})`;
  const ground = mode === "gradient" ? gradient : shown.colour;
  return (
    <div
      class={`bar ${named ? "" : "unnamed"} ${valueMode === "hidden" ? "valueless" : ""}`}
      data-value={plainText(shown)}
    >
      {named ? (
        <span class="bar-name" title={title}>
          {title}
        </span>
      ) : null}
      <span
        class={unfilled ? "bar-track" : "bar-track bare"}
        role="meter"
        aria-label={title}
        aria-valuemin={field.min}
        aria-valuemax={field.max}
        aria-valuenow={Number.isNaN(value.number) ? field.min : value.number}
        aria-valuetext={plainText(shown)}
      >
        {mode === "lcd" ? (
          Array.from({ length: CELLS }, (_, i) => (
            <i
              key={i}
              class={(i + 0.5) / CELLS <= share ? "cell lit" : "cell"}
              style={`background: ${colourAt(field, (i + 0.5) / CELLS, theme, shown.colour)}`}
            />
          ))
        ) : (
          <i class="bar-fill" style={`${standing ? "height" : "width"}: ${percent}; background: ${ground}`} />
        )}
      </span>
      {valueMode === "hidden" ? null : (
        <span class="bar-value" style={valueMode === "text" ? "" : `color: ${shown.colour}`}>
          {plainText(shown)}
        </span>
      )}
    </div>
  );
}
