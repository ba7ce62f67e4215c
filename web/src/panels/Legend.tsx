/** The series of a chart with their figures; a click isolates one, ctrl-click toggles it. */
import type { Chart } from "../chart";
import { colourOf, type Ink } from "../colour";
import type { Columns, Statistics } from "../data";
import { formatValue } from "../format";
import { theme } from "../state";

interface Props {
  readonly chart: Chart;
  readonly columns: Columns;
  readonly figures: readonly Statistics[];
  readonly inks: readonly Ink[];
  readonly shown: readonly boolean[];
  readonly choose: (series: number, toggle: boolean) => void;
}

export function Legend({ chart, columns, figures, inks, shown, choose }: Props) {
  const format = (value: number | null | undefined): string =>
    formatValue(value == null ? null : chart.mirrored ? Math.abs(value) : value, chart.unit);
  return (
    <div class="legend" data-testid="legend">
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden-text">Series</span>
            </th>
            <th scope="col">last</th>
            <th scope="col" class="wide">
              min
            </th>
            <th scope="col" class="wide">
              mean
            </th>
            <th scope="col" class="wide">
              max
            </th>
          </tr>
        </thead>
        <tbody>
          {columns.series.map((series, i) => {
            const one = figures[i];
            // Below the zero line the greatest size is the lowest value.
            const below = chart.mirrored && (one?.mean ?? 0) < 0;
            return (
              <tr key={series.key} class={shown[i] === false ? "off" : ""}>
                <th scope="row">
                  <button
                    type="button"
                    aria-pressed={shown[i] !== false}
                    title={`${series.label}: click to show it alone, ctrl-click to hide it`}
                    onClick={(event) => choose(i, event.ctrlKey || event.metaKey)}
                  >
                    <i
                      class={inks[i]?.dashed === true ? "swatch dashed" : "swatch"}
                      style={{ color: colourOf(inks[i] ?? { hue: 0, dashed: false }, theme.value) }}
                    />
                    <span class="long-name">
                      <bdi>{series.label}</bdi>
                    </span>
                  </button>
                </th>
                <td>{format(one?.last)}</td>
                <td class="wide">{format(below ? one?.max : one?.min)}</td>
                <td class="wide">{format(one?.mean)}</td>
                <td class="wide">{format(below ? one?.min : one?.max)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
