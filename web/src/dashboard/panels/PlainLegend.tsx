/** The legend of a panel that is drawn as SVG: a list, or a table with figures. */
import { listOf, recordOf, textOf, textsOf } from "../optionValues";
import type { Options } from "../model";
import type { ShownField } from "../panel";
import { REDUCER_TITLES, reduceField } from "../reduce";

export interface LegendItem {
  readonly title: string;
  readonly colour: string;
  readonly cells: readonly string[];
}

export interface LegendPlace {
  readonly shown: boolean;
  readonly right: boolean;
  readonly table: boolean;
}

/** Where the legend of a panel goes. */
export function legendPlace(options: Options): LegendPlace {
  const legend = recordOf(options["legend"]);
  const mode = textOf(legend["displayMode"], "list");
  const shown = legend["showLegend"] !== false && mode !== "hidden";
  return { shown, right: legend["placement"] === "right", table: mode === "table" };
}

export const legendCalcs = (options: Options): readonly string[] =>
  textsOf(listOf(recordOf(options["legend"])["calcs"]));

export const shownText = (field: ShownField, value: Parameters<ShownField["show"]>[0]): string => {
  const { prefix, text, suffix } = field.show(value);
  return `${prefix}${text}${suffix}`;
};

/** One line for each series with the figures that the legend asks for. */
export function legendItems(fields: readonly ShownField[], options: Options): LegendItem[] {
  return fields.map((field) => ({
    title: field.title,
    colour: field.colour,
    cells: legendCalcs(options).map((calc) => shownText(field, reduceField(field, calc))),
  }));
}

export const calcTitles = (options: Options): string[] =>
  legendCalcs(options).map((calc) => REDUCER_TITLES[calc] ?? calc);

function Swatch({ colour }: { colour: string }) {
  return <span class="dash-swatch" style={{ background: colour }} aria-hidden="true" />;
}

export function PlainLegend(props: {
  readonly items: readonly LegendItem[];
  readonly heads: readonly string[];
  readonly table: boolean;
}) {
  if (!props.table)
    return (
      <ul class="dash-legend">
        {props.items.map((item, i) => (
          <li key={i} title={item.title}>
            <Swatch colour={item.colour} />
            <bdi>{item.title}</bdi>
            {item.cells.map((cell, c) => (
              <span key={c} class="figure">
                {cell}
              </span>
            ))}
          </li>
        ))}
      </ul>
    );
  return (
    <table class="dash-legend">
      <thead>
        <tr>
          <th scope="col">
            <span class="hidden-text">Series</span>
          </th>
          {props.heads.map((head) => (
            <th key={head} scope="col" class="figure">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {props.items.map((item, i) => (
          <tr key={i}>
            <th scope="row" title={item.title}>
              <Swatch colour={item.colour} />
              <bdi>{item.title}</bdi>
            </th>
            {item.cells.map((cell, c) => (
              <td key={c} class="figure">
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
