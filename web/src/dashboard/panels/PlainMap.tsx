/** Places on a grid of degrees, with the data as a table: no map of the world is fetched. */
import { joinedFields } from "../bars";
import { placesOf, type Place } from "../geo";
import { recordOf, textsOf } from "../optionValues";
import type { PanelProps, ShownFrame } from "../panel";
import { reduceField, REDUCER_TITLES } from "../reduce";
import { valueTicks } from "../ticks";
import { cellText, DataTables } from "./DataTable";
import { shownText } from "./PlainLegend";

const EDGE_PX = 34;
const DOT_PX = 4;
const PLACES_MOST = 2000;

interface Span {
  readonly low: number;
  readonly high: number;
}

function spanOf(values: readonly number[], least: number): Span {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const room = Math.max(least, (high - low) * 0.1);
  return { low: low - room, high: high + room };
}

function describe({ frame, row, latitude, longitude }: Place, utc: boolean): string {
  const values = frame.fields.map((field) => `${field.title}: ${cellText(field, row, utc)}`);
  return [`${latitude.toFixed(5)}, ${longitude.toFixed(5)}`, ...values].join("\n");
}

/** Whether each frame is one series: its name is then the place. */
const isSeries = (frames: readonly ShownFrame[]): boolean =>
  frames.every((frame) => frame.fields.length === 2 && frame.fields[0]?.type === "time");

/** Places by name, the highest value first. */
function PlaceTable({ frames, options }: Pick<PanelProps, "frames" | "options">) {
  const reducer = textsOf(recordOf(options["reduceOptions"])["calcs"])[0] ?? "lastNotNull";
  const rows = frames
    .flatMap((frame) => frame.fields.filter((field) => field.type === "number"))
    .map((field) => ({ field, value: reduceField(field, reducer) }))
    .sort((a, b) => Number(b.value ?? -Infinity) - Number(a.value ?? -Infinity));
  return (
    <div class="dash-scroll" tabIndex={0} role="group" aria-label="Places">
      <table class="dash-data">
        <thead>
          <tr>
            <th scope="col">Place</th>
            <th scope="col" class="figure">
              {REDUCER_TITLES[reducer] ?? reducer}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ field, value }, i) => (
            <tr key={i}>
              <th scope="row">
                <bdi>{field.title}</bdi>
              </th>
              <td class="figure" style={{ color: field.show(value).colour }}>
                {shownText(field, value)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function PlainMap({ frames, options, widthPx, heightPx, utc, panel }: PanelProps) {
  const [first] = frames;
  // Latitude and longitude may be two series of time.
  const found = placesOf(frames);
  const joined =
    found.length > 0 || first === undefined ? found : placesOf([{ ...first, fields: joinedFields(frames) }]);
  const places = joined.slice(-PLACES_MOST);
  if (places.length === 0)
    return (
      <div class="dash-column">
        <p class="dash-badge" role="note">
          No field is a latitude and longitude or a geohash. The places as a table:
        </p>
        {isSeries(frames) ? (
          <PlaceTable frames={frames} options={options} />
        ) : (
          <DataTables frames={frames} utc={utc} />
        )}
      </div>
    );
  const mapPx = Math.max(120, Math.round(heightPx * 0.65));
  return (
    <div class="dash-column">
      <Grid places={places} widthPx={widthPx} heightPx={mapPx} utc={utc} title={panel.title ?? "Map"} />
      {heightPx - mapPx < 60 ? null : <DataTables frames={frames} utc={utc} />}
    </div>
  );
}

function Grid(props: {
  places: readonly Place[];
  widthPx: number;
  heightPx: number;
  utc: boolean;
  title: string;
}) {
  const { places, widthPx, heightPx, utc } = props;
  const wide = spanOf(
    places.map((place) => place.longitude),
    0.001,
  );
  const high = spanOf(
    places.map((place) => place.latitude),
    0.001,
  );
  const x = (value: number): number =>
    EDGE_PX + ((widthPx - EDGE_PX) * (value - wide.low)) / (wide.high - wide.low);
  const y = (value: number): number => (heightPx - 18) * (1 - (value - high.low) / (high.high - high.low));
  return (
    <svg
      width={widthPx}
      height={heightPx}
      role="img"
      aria-label={`${props.title}: ${places.length} places from ${high.low.toFixed(2)}, ${wide.low.toFixed(2)} to ${high.high.toFixed(2)}, ${wide.high.toFixed(2)}`}
    >
      {valueTicks(wide.low, wide.high, widthPx / 110).map((tick) => (
        <g key={tick}>
          <line x1={x(tick)} x2={x(tick)} y1={0} y2={heightPx - 18} class="dash-grid" />
          <text x={x(tick)} y={heightPx - 4} text-anchor="middle" class="dash-tick">{`${tick}°`}</text>
        </g>
      ))}
      {valueTicks(high.low, high.high, heightPx / 50).map((tick) => (
        <g key={tick}>
          <line x1={EDGE_PX} x2={widthPx} y1={y(tick)} y2={y(tick)} class="dash-grid" />
          <text x={0} y={y(tick) + 4} class="dash-tick">{`${tick}°`}</text>
        </g>
      ))}
      {places.map((place, i) => (
        <circle key={i} cx={x(place.longitude)} cy={y(place.latitude)} r={DOT_PX} class="dash-dot">
          <title>{describe(place, utc)}</title>
        </circle>
      ))}
    </svg>
  );
}
