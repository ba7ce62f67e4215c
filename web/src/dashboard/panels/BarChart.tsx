/** Bars by group: side by side or stacked, upright or lying. */
import { barGroups, stackBars } from "../bars";
import type { Options } from "../model";
import { numberOf, recordOf, textOf } from "../optionValues";
import type { PanelProps } from "../panel";
import { namesAtOf } from "./BarNames";
import { Bars, type BarLook } from "./Bars";
import { calcTitles, legendItems, legendPlace } from "./PlainLegend";
import { WithLegend } from "./WithLegend";

export function BarChart({ frames, options, widthPx, heightPx, utc, panel, theme }: PanelProps) {
  const groups = barGroups(frames, options, utc);
  const stacking = textOf(options["stacking"], "none");
  const bars = stackBars(groups, stacking);
  if (bars.length === 0) return <p class="dash-note">No values to draw bars of.</p>;
  return (
    <WithLegend
      place={legendPlace(options)}
      items={legendItems(groups.fields, options)}
      heads={calcTitles(options)}
      widthPx={widthPx}
      heightPx={heightPx}
      draw={(wide, high) => (
        <Bars
          groups={groups}
          bars={bars}
          lying={textOf(options["orientation"]) === "horizontal"}
          stacked={stacking === "normal" || stacking === "percent"}
          percent={stacking === "percent"}
          groupWidth={numberOf(options["groupWidth"], 0.7)}
          barWidth={numberOf(options["barWidth"], 0.97)}
          look={lookOf(options)}
          theme={theme}
          values={textOf(options["showValue"], "auto")}
          widthPx={wide}
          heightPx={high}
          title={panel.title ?? "Bars"}
        />
      )}
    />
  );
}

function lookOf(options: Options): BarLook {
  const valuePx = numberOf(recordOf(options["text"])["valueSize"], 0);
  return {
    radius: Math.min(0.5, Math.max(0, numberOf(options["barRadius"], 0))),
    namesAt: namesAtOf(options),
    valuePx: valuePx > 0 ? valuePx : null,
  };
}
