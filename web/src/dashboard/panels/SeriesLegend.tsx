/** The legend of a chart: a list, or a table of what the lines reduce to. */
import { useSignal, type Signal } from "@preact/signals";
import { reduceValues, REDUCER_TITLES } from "../reduce";
import type { Line, Picture } from "./lines";
import { plainText } from "./values";

export interface LegendOptions {
  readonly showLegend?: boolean;
  readonly displayMode?: string;
  readonly placement?: string;
  readonly calcs?: readonly string[];
  readonly sortBy?: string;
  readonly sortDesc?: boolean;
}

interface Props {
  readonly picture: Picture;
  readonly legend: LegendOptions;
  readonly hidden: Signal<ReadonlySet<string>>;
}

/** One press isolates a line, a second one brings all back; with Ctrl or ⌘ it turns one on or off. */
export function chosenLines(
  all: readonly string[],
  hidden: ReadonlySet<string>,
  title: string,
  toggle: boolean,
): ReadonlySet<string> {
  if (toggle) {
    const next = new Set(hidden);
    if (!next.delete(title)) next.add(title);
    return next.size === all.length ? new Set() : next;
  }
  const alone = all.every((other) => (other === title) !== hidden.has(other));
  return alone ? new Set() : new Set(all.filter((other) => other !== title));
}

const titleOf = (calc: string): string => REDUCER_TITLES[calc] ?? calc;

export function SeriesLegend({ picture, legend, hidden }: Props) {
  const calcs = legend.calcs ?? [];
  const sort = useSignal<{ by: string; falls: boolean } | null>(null);
  const lines = picture.lines.filter((line) => line.inLegend);
  const titles = lines.map((line) => line.field.title);
  const order =
    sort.value ??
    (legend.sortBy === undefined ? null : { by: legend.sortBy, falls: legend.sortDesc === true });
  const sorted = order === null ? lines : sortLines(lines, calcs, order.by, order.falls);
  const press = (line: Line, event: MouseEvent): void => {
    hidden.value = chosenLines(titles, hidden.value, line.field.title, event.ctrlKey || event.metaKey);
  };
  const button = (line: Line) => (
    <button
      type="button"
      class={hidden.value.has(line.field.title) ? "off" : ""}
      aria-pressed={!hidden.value.has(line.field.title)}
      onClick={(event) => press(line, event)}
      title={line.field.title}
    >
      <i class="swatch" style={`background: ${line.field.colour}`} />
      <span class="legend-name">{line.field.title}</span>
    </button>
  );
  if (legend.displayMode !== "table")
    return (
      <ul class="board-legend list" data-testid="board-legend">
        {sorted.map((line) => (
          <li key={line.key}>
            {button(line)}
            {calcs.map((calc) => (
              <span key={calc} class="hint">{`${titleOf(calc)}: ${reduced(line, calc)}`}</span>
            ))}
          </li>
        ))}
      </ul>
    );
  return (
    <div class="board-legend" data-testid="board-legend">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            {calcs.map((calc) => (
              <th key={calc} scope="col">
                <button
                  type="button"
                  onClick={() =>
                    (sort.value = { by: titleOf(calc), falls: !(order?.by === titleOf(calc) && order.falls) })
                  }
                >
                  {titleOf(calc)}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((line) => (
            <tr key={line.key}>
              <th scope="row">{button(line)}</th>
              {calcs.map((calc) => (
                <td key={calc}>{reduced(line, calc)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function reduced(line: Line, calc: string): string {
  const value = reduceValues(line.field.values, calc);
  // Counts have no unit.
  return /count/i.test(calc) ? String(value) : plainText(line.field.show(value));
}

function sortLines(lines: readonly Line[], calcs: readonly string[], by: string, falls: boolean): Line[] {
  const calc = calcs.find((one) => titleOf(one) === by || one === by.toLowerCase());
  const value = (line: Line): number => {
    const found = calc === undefined ? null : reduceValues(line.field.values, calc);
    return typeof found === "number" ? found : -Infinity;
  };
  const sorted = [...lines].sort((a, b) =>
    calc === undefined ? a.field.title.localeCompare(b.field.title) : value(a) - value(b),
  );
  return falls ? sorted.reverse() : sorted;
}
