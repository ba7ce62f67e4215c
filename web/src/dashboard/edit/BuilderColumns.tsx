/** The columns of a query: fields, each with the functions that are applied to it. */
import { choicesOf, Combo } from "./Combo";
import type { Part } from "./builder";
import { KINDS, label, withPart } from "./builderParts";
import { Line, Remove, type Source } from "./BuilderLine";
import * as lists from "./lists";

type Columns = readonly (readonly Part[])[];

export function Select(props: { columns: Columns; source: Source; set: (columns: Columns) => void }) {
  const { columns, source, set } = props;
  const known = lists.fields(source.bucket, source.measurement).value;
  const replace = (index: number, parts: readonly Part[] | null): void =>
    set(columns.flatMap((column, i) => (i !== index ? [column] : parts === null ? [] : [parts])));
  const add = (field: string): void =>
    set([
      ...columns,
      [
        { type: "field", params: [field] },
        { type: "mean", params: [] },
      ],
    ]);
  return (
    <>
      {columns.map((column, i) => (
        <Line key={i} name={i === 0 ? "Select" : "and"}>
          <Column column={column} known={known.names} set={(parts) => replace(i, parts)} />
          {columns.length > 1 ? <Remove what="this column" run={() => replace(i, null)} /> : null}
        </Line>
      ))}
      <Line name={columns.length === 0 ? "Select" : ""}>
        <Combo
          label="Add a field"
          placeholder="+ field"
          value=""
          choices={choicesOf(known.names)}
          loading={known.loading}
          choose={add}
          testid="builder-add-field"
        />
      </Line>
    </>
  );
}

function Column(props: {
  column: readonly Part[];
  known: readonly string[];
  set: (parts: readonly Part[]) => void;
}) {
  const { column, known, set } = props;
  const replace = (index: number, params: readonly string[]): void =>
    set(column.map((part, i) => (i === index ? { ...part, params } : part)));
  return (
    <>
      {column.map((part, i) =>
        part.type === "field" ? (
          <Combo
            key={i}
            label="Field"
            value={String(part.params?.[0] ?? "")}
            choices={choicesOf(known)}
            choose={(field) => replace(i, [field])}
            testid="builder-field"
          />
        ) : (
          <span key={i} class="builder-chip" data-part={part.type}>
            {label(part.type)}
            {(part.params ?? []).map((param, at) => (
              <input
                key={at}
                class="short"
                aria-label={`Parameter of ${part.type}`}
                value={String(param)}
                onChange={(event) =>
                  replace(
                    i,
                    (part.params ?? []).map((one, j) => (j === at ? event.currentTarget.value : String(one))),
                  )
                }
              />
            ))}
            <Remove what={label(part.type)} run={() => set(column.filter((_, at) => at !== i))} />
          </span>
        ),
      )}
      <select
        class="adder"
        aria-label="Add a function"
        value=""
        onChange={(event) => {
          set(withPart(column, event.currentTarget.value));
          event.currentTarget.value = "";
        }}
        data-testid="builder-function"
      >
        <option value="">+ function</option>
        {["Aggregations", "Selectors", "Changes", "Reckoning"].map((group) => (
          <optgroup key={group} label={group}>
            {KINDS.filter((kind) => kind.group === group).map(({ type }) => (
              <option key={type} value={type}>
                {label(type)}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </>
  );
}
