/** A query put together from lists: measurement, fields, functions, conditions, grouping, alias. */
import { useEffect } from "preact/hooks";
import { DEFAULT_BUCKET, rebuilt, type BuilderTarget, type Part, type Term } from "./builder";
import { Select } from "./BuilderColumns";
import { Line, Remove, type Source } from "./BuilderLine";
import { FILLS, INTERVALS, OPERATORS, withGroup } from "./builderParts";
import { choicesOf, Combo } from "./Combo";
import * as lists from "./lists";

interface Props {
  readonly target: BuilderTarget;
  readonly change: (target: BuilderTarget, about?: string) => void;
}

export function QueryBuilder({ target, change }: Props) {
  const set = (changes: Partial<BuilderTarget>, about?: string): void =>
    change(rebuilt({ ...target, ...changes }), about);
  const bucket = target.bucket ?? target["x-helio"]?.bucket ?? DEFAULT_BUCKET;
  const source = { bucket, measurement: target.measurement ?? "" };
  useFirstField(target, source, set);
  return (
    <div class="builder" data-testid="builder">
      <From source={source} set={set} />
      <Where terms={target.tags ?? []} source={source} set={(tags) => set({ tags })} />
      <Select columns={target.select ?? []} source={source} set={(select) => set({ select })} />
      <GroupBy parts={target.groupBy ?? []} source={source} set={(groupBy) => set({ groupBy })} />
      <Rest target={target} set={set} />
    </div>
  );
}

type SetTarget = (changes: Partial<BuilderTarget>, about?: string) => void;
const SOURCE_CHANGE = "measurement";

/** A new query asks for `value`; where its measurement has no such field, the first that it has. */
function useFirstField(target: BuilderTarget, source: Source, set: SetTarget): void {
  const known = lists.fields(source.bucket, source.measurement).value;
  const [column, ...others] = target.select ?? [];
  const [field, ...functions] = column ?? [];
  const first = known.names[0];
  const asks = field?.type === "field" && field.params?.[0] === "value" && others.length === 0;
  const wrong = asks && source.measurement !== "" && first !== undefined && !known.names.includes("value");
  useEffect(() => {
    if (wrong) set({ select: [[{ type: "field", params: [first] }, ...functions]] }, SOURCE_CHANGE);
  }, [wrong]);
}

function From({ source, set }: { source: Source; set: SetTarget }) {
  const known = lists.buckets().value.names;
  const names = lists.measurements(source.bucket).value;
  return (
    <Line name="From">
      {known.length > 1 || source.bucket !== DEFAULT_BUCKET ? (
        <Combo
          label="Bucket"
          value={source.bucket}
          choices={choicesOf(known)}
          choose={(bucket) => set({ bucket })}
          testid="builder-bucket"
        />
      ) : null}
      <Combo
        label="Measurement"
        value={source.measurement}
        choices={choicesOf(names.names)}
        loading={names.loading}
        choose={(measurement) => set({ measurement }, SOURCE_CHANGE)}
        testid="builder-measurement"
      />
      {names.problem === null ? null : <span class="problem">{names.problem}</span>}
    </Line>
  );
}

function Where(props: { terms: readonly Term[]; source: Source; set: (terms: Term[]) => void }) {
  const { terms, source, set } = props;
  const keys = lists.tags(source.bucket, source.measurement).value;
  const replace = (index: number, changes: Partial<Term>): void =>
    set(terms.map((term, i) => (i === index ? { ...term, ...changes } : term)));
  const add = (key: string): void =>
    set([...terms, { key, operator: "=", value: "", ...(terms.length > 0 ? { condition: "AND" } : {}) }]);
  return (
    <Line name="Where">
      {terms.map((term, i) => (
        <span key={i} class="builder-chip">
          {i === 0 ? null : (
            <select
              aria-label="and, or"
              value={(term.condition ?? "AND").toUpperCase()}
              onChange={(event) => replace(i, { condition: event.currentTarget.value })}
            >
              <option>AND</option>
              <option>OR</option>
            </select>
          )}
          <Combo
            label="Tag"
            value={term.key}
            choices={choicesOf(keys.names)}
            choose={(key) => replace(i, { key, value: "" })}
          />
          <select
            aria-label="Comparison"
            value={term.operator ?? "="}
            onChange={(event) => replace(i, { operator: event.currentTarget.value })}
          >
            {[...new Set([...OPERATORS, term.operator ?? "="])].map((operator) => (
              <option key={operator}>{operator}</option>
            ))}
          </select>
          <Combo
            label={`Value of ${term.key}`}
            placeholder="value"
            value={term.value}
            choices={choicesOf(lists.tagValues(source.bucket, source.measurement, term.key).value.names)}
            choose={(value) => replace(i, { value })}
            testid="builder-value"
          />
          <Remove what={`the condition on ${term.key}`} run={() => set(terms.filter((_, at) => at !== i))} />
        </span>
      ))}
      <Combo
        label="Add a condition"
        placeholder="+ tag"
        value=""
        choices={choicesOf(keys.names)}
        loading={keys.loading}
        choose={add}
        testid="builder-where"
      />
    </Line>
  );
}

function GroupBy(props: { parts: readonly Part[]; source: Source; set: (parts: Part[]) => void }) {
  const { parts, source, set } = props;
  const keys = lists.tags(source.bucket, source.measurement).value;
  const [time, fill] = ["time", "fill"].map((type) => parts.find((part) => part.type === type));
  const interval = String(time?.params?.[0] ?? "");
  const filled = String(fill?.params?.[0] ?? "");
  return (
    <Line name="Group by">
      <label class="builder-chip">
        time
        <select
          value={interval}
          onChange={(event) =>
            set(
              withGroup(parts, "time", event.currentTarget.value === "" ? null : [event.currentTarget.value]),
            )
          }
          data-testid="builder-time"
        >
          <option value="">not at all</option>
          {[...new Set([...INTERVALS, interval])].filter(Boolean).map((one) => (
            <option key={one} value={one}>
              {one === "$__interval" ? "as fits the width" : one}
            </option>
          ))}
        </select>
      </label>
      {parts.map((part, i) =>
        part.type !== "tag" ? null : (
          <span key={i} class="builder-chip">
            {String(part.params?.[0] ?? "")}
            <Remove
              what={`the grouping by ${String(part.params?.[0] ?? "")}`}
              run={() => set(parts.filter((_, at) => at !== i))}
            />
          </span>
        ),
      )}
      <Combo
        label="Group by a tag"
        placeholder="+ tag"
        value=""
        choices={choicesOf(keys.names)}
        loading={keys.loading}
        choose={(tag) => {
          const end = parts.findIndex((part) => part.type === "fill");
          const place = end < 0 ? parts.length : end;
          set([...parts.slice(0, place), { type: "tag", params: [tag] }, ...parts.slice(place)]);
        }}
        testid="builder-group"
      />
      <label class="builder-chip">
        where nothing is
        <select
          value={filled}
          onChange={(event) =>
            set(
              withGroup(parts, "fill", event.currentTarget.value === "" ? null : [event.currentTarget.value]),
            )
          }
          data-testid="builder-fill"
        >
          <option value="">as the database likes</option>
          {FILLS.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
          {FILLS.some(([value]) => value === filled) || filled === "" ? null : <option>{filled}</option>}
        </select>
      </label>
    </Line>
  );
}

function Rest({
  target,
  set,
}: {
  target: BuilderTarget;
  set: (changes: Partial<BuilderTarget>, about?: string) => void;
}) {
  return (
    <Line name="Order">
      <select
        aria-label="Order by time"
        value={(target.orderByTime ?? "").toUpperCase()}
        onChange={(event) => set({ orderByTime: event.currentTarget.value })}
      >
        <option value="">as it comes</option>
        <option value="ASC">oldest first</option>
        <option value="DESC">newest first</option>
      </select>
      {(["limit", "slimit"] as const).map((key) => (
        <label key={key} class="builder-chip">
          {key === "limit" ? "points at most" : "series at most"}
          <input
            class="short"
            inputMode="numeric"
            value={String(target[key] ?? "")}
            onChange={(event) => set({ [key]: event.currentTarget.value.trim() })}
            data-testid={`builder-${key}`}
          />
        </label>
      ))}
    </Line>
  );
}
