/** Value mappings: what is shown, and in which colour, instead of a value, a range, a pattern, or nothing. */
import type { Mapping, MappingResult } from "../model";
import { ColourChoice } from "./ColourChoice";
import {
  MAPPING_KINDS,
  mappingRow,
  mappingRows,
  mappingsOf,
  SPECIAL_MATCHES,
  type MappingRow,
} from "./mappingRows";
import { replaced, swapped } from "./paths";
import { Tool } from "./Tool";

interface Props {
  readonly value: unknown;
  readonly put: (next: readonly Mapping[], about?: string) => void;
}

export function MappingEditor({ value, put }: Props) {
  const rows = mappingRows(Array.isArray(value) ? (value as Mapping[]) : []);
  const set = (next: readonly MappingRow[], about?: string): void => put(mappingsOf(next), about);
  return (
    <div class="list-editor" role="group" aria-label="Value mappings">
      {rows.map((row, i) => (
        <MappingLine
          key={i}
          row={row}
          number={i + 1}
          taken={(key) => rows.some((one, at) => at !== i && one.type === "value" && one.key === key)}
          change={(next, about) => set(replaced(rows, i, next), about)}
          kind={(next) => set(replaced(rows, i, mappingRow(next, rows, row.result)))}
          up={i === 0 ? null : () => set(swapped(rows, i, -1))}
          remove={() => set(replaced(rows, i, null))}
        />
      ))}
      <select
        class="adder"
        aria-label="Add a value mapping"
        value=""
        onChange={(event) => {
          set([...rows, mappingRow(event.currentTarget.value, rows)]);
          event.currentTarget.value = "";
        }}
        data-testid="mapping-add"
      >
        <option value="">+ mapping</option>
        {MAPPING_KINDS.map(([kind, name]) => (
          <option key={kind} value={kind}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}

interface LineProps {
  readonly row: MappingRow;
  readonly number: number;
  readonly taken: (key: string) => boolean;
  readonly change: (row: MappingRow, about?: string) => void;
  readonly kind: (kind: string) => void;
  readonly up: (() => void) | null;
  readonly remove: () => void;
}

function MappingLine({ row, number, taken, change, kind, up, remove }: LineProps) {
  const name = `mapping ${number}`;
  const setResult = (changes: Partial<MappingResult>, about?: string): void =>
    change({ ...row, result: { ...row.result, ...changes } }, about);
  return (
    <div class="list-card" role="group" aria-label={`Mapping ${number}`} data-mapping={row.type}>
      <div class="list-card-head">
        {row.type === "kept" ? (
          <span class="hint grow">Of another kind; kept as it is.</span>
        ) : (
          <select
            aria-label={`Kind of ${name}`}
            value={row.type}
            onChange={(event) => kind(event.currentTarget.value)}
          >
            {MAPPING_KINDS.map(([one, text]) => (
              <option key={one} value={one}>
                {text}
              </option>
            ))}
          </select>
        )}
        <span class="grow" />
        <Tool label={`Move ${name} up`} sign="↑" run={up} />
        <Tool label={`Remove ${name}`} sign="×" run={remove} testid="mapping-remove" />
      </div>
      {row.type === "kept" ? null : (
        <>
          <div class="list-card-line">
            <Condition row={row} number={number} taken={taken} change={change} />
          </div>
          <div class="list-card-line">
            <input
              class="grow"
              aria-label={`Text of mapping ${number}`}
              placeholder="shown text"
              value={row.result.text ?? ""}
              onInput={(event) => setResult(textOf(event.currentTarget.value), `text ${number}`)}
              data-testid={`mapping-text-${number}`}
            />
            <ResultColour result={row.result} number={number} put={setResult} />
          </div>
        </>
      )}
    </div>
  );
}

/** No text at all leaves the value as it is. */
const textOf = (text: string): Partial<MappingResult> =>
  ({ text: text === "" ? undefined : text }) as Partial<MappingResult>;

function ResultColour(props: {
  result: MappingResult;
  number: number;
  put: (changes: Partial<MappingResult>) => void;
}) {
  const { result, number, put } = props;
  if (result.color === undefined)
    return (
      <button
        type="button"
        class="button small"
        onClick={() => put({ color: "green" })}
        aria-label={`Give mapping ${number} a colour`}
        data-testid={`mapping-colour-${number}`}
      >
        Colour
      </button>
    );
  return (
    <ColourChoice
      colour={result.color}
      choose={(color) => put({ color })}
      label={`Colour of mapping ${number}`}
      testid={`mapping-colour-${number}`}
    />
  );
}

type ConditionProps = Pick<LineProps, "row" | "number" | "taken" | "change">;

function Condition({ row, number, taken, change }: ConditionProps) {
  const label = `What mapping ${number} is for`;
  if (row.type === "value")
    return (
      <input
        class="grow"
        aria-label={label}
        value={row.key}
        onChange={(event) => {
          const key = event.currentTarget.value;
          if (taken(key)) event.currentTarget.value = row.key;
          else change({ ...row, key });
        }}
        data-testid={`mapping-key-${number}`}
      />
    );
  if (row.type === "range")
    return (
      <>
        <End
          label={`${label}, from`}
          hint="least"
          value={row.from}
          put={(from) => change({ ...row, from })}
        />
        <span aria-hidden="true">–</span>
        <End label={`${label}, to`} hint="most" value={row.to} put={(to) => change({ ...row, to })} />
      </>
    );
  if (row.type === "regex")
    return (
      <input
        class="grow"
        aria-label={label}
        value={row.pattern}
        onInput={(event) => change({ ...row, pattern: event.currentTarget.value }, `pattern ${number}`)}
        data-testid={`mapping-pattern-${number}`}
      />
    );
  if (row.type === "kept") return null;
  return (
    <select
      aria-label={label}
      value={row.match}
      onChange={(event) => change({ ...row, match: event.currentTarget.value })}
      data-testid={`mapping-special-${number}`}
    >
      {SPECIAL_MATCHES.map(([match, text]) => (
        <option key={match} value={match}>
          {text}
        </option>
      ))}
    </select>
  );
}

function End(props: {
  label: string;
  hint: string;
  value: number | null;
  put: (value: number | null) => void;
}) {
  const { label, hint, value, put } = props;
  return (
    <input
      type="number"
      step="any"
      aria-label={label}
      placeholder={hint}
      value={value ?? ""}
      onChange={(event) => put(event.currentTarget.value === "" ? null : Number(event.currentTarget.value))}
    />
  );
}
