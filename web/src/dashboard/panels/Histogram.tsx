/** How often values occur: bars over equally wide buckets. */
import { stackBars, type BarGroups } from "../bars";
import { histogram } from "../histogram";
import { flagOf, numberOf } from "../optionValues";
import type { PanelProps, ShownField } from "../panel";
import { STRAIGHT } from "./BarNames";
import { Bars } from "./Bars";
import { calcTitles, legendItems, legendPlace, shownText } from "./PlainLegend";
import { WithLegend } from "./WithLegend";

const showCount: ShownField["show"] = (value) => ({
  prefix: "",
  text: String(value ?? 0),
  suffix: "",
  colour: "var(--ink)",
});

export function Histogram({ frames, options, widthPx, heightPx, panel, theme }: PanelProps) {
  const all = frames.flatMap((frame) => frame.fields.filter((field) => field.type === "number"));
  const combined = flagOf(options["combine"]);
  const lists = combined ? [all.flatMap((field) => field.values)] : all.map((field) => field.values);
  const [size, offset] = [numberOf(options["bucketSize"], 0), numberOf(options["bucketOffset"], 0)];
  const found = histogram(lists, size, offset, numberOf(options["bucketCount"], 0) || undefined);
  const [first] = all;
  if (found === undefined || first === undefined) return <p class="dash-note">No values to count.</p>;
  const fields = found.counts.map((values, i): ShownField => {
    const field = all[i] ?? first;
    const config = { ...field.config, color: { mode: "fixed" }, min: null, max: null };
    return { ...field, title: combined ? "Count" : field.title, config, values, show: showCount };
  });
  const labels = found.starts.map((start) => shownText(first, start));
  const groups: BarGroups = { labels, fields, colourBy: undefined };
  return (
    <WithLegend
      place={legendPlace(options)}
      items={legendItems(combined ? fields : all, options)}
      heads={calcTitles(options)}
      widthPx={widthPx}
      heightPx={heightPx}
      draw={(wide, high) => (
        <Bars
          groups={groups}
          bars={stackBars(groups, "none")}
          lying={false}
          stacked={fields.length > 1}
          percent={false}
          groupWidth={1}
          barWidth={0.96}
          values="never"
          look={{ radius: 0, namesAt: STRAIGHT, valuePx: null }}
          theme={theme}
          widthPx={wide}
          heightPx={high}
          title={panel.title ?? "Histogram"}
        />
      )}
    />
  );
}
