/** The viewer's own filters: key, comparison and value, each from what the hub has. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { filtersOf, formatFilter, OPERATORS } from "./adhoc";
import type { AdhocFilter, VariableModel } from "./model";
import { address } from "../state";
import { change, source } from "./session";
import { usePopover } from "../panels/usePopover";

const quoted = (name: string): string => `"${name.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

function query(): URLSearchParams {
  const { place } = address.value;
  return new URLSearchParams("query" in place ? place.query : "");
}

export function AdhocField({ model }: { model: VariableModel }) {
  const filters = filtersOf(model, query());
  const set = (next: readonly AdhocFilter[]): void =>
    change({ [`var-${model.name}`]: next.length === 0 ? "" : next.map(formatFilter) });
  return (
    <span class="filters" data-testid="adhoc">
      {filters.map((filter, i) => (
        <span key={i} class="filter">
          <bdi>{`${filter.key} ${filter.operator} ${filter.value}`}</bdi>
          <button
            type="button"
            aria-label={`Remove the filter ${filter.key}`}
            onClick={() => set(filters.filter((_, other) => other !== i))}
          >
            ×
          </button>
        </span>
      ))}
      <AddFilter model={model} add={(filter) => set([...filters, filter])} />
    </span>
  );
}

/** What the hub offers for a text of InfluxQL; nothing when it cannot be asked. */
function useOffers(model: VariableModel, text: string): readonly string[] {
  const found = useSignal<readonly string[]>([]);
  useEffect(() => {
    let current = true;
    found.value = [];
    const bucket = model["x-helio"]?.bucket ?? "telegraf";
    if (text !== "")
      source()
        .values("influxql", bucket, text)
        .then(
          (values) => {
            if (current) found.value = values.map((one) => one.value);
          },
          () => undefined,
        );
    return () => {
      current = false;
    };
  }, [text]);
  return found.value;
}

function AddFilter({ model, add }: { model: VariableModel; add: (filter: AdhocFilter) => void }) {
  const { open, place } = usePopover();
  const key = useSignal("");
  const operator = useSignal<string>("=");
  const value = useSignal("");
  const keys = useOffers(model, open.value ? "SHOW TAG KEYS" : "");
  const known = keys.includes(key.value);
  const values = useOffers(model, known ? `SHOW TAG VALUES WITH KEY = ${quoted(key.value)}` : "");
  const submit = (event: Event): void => {
    event.preventDefault();
    if (key.value === "") return;
    add({ key: key.value, operator: operator.value, value: value.value });
    [key.value, value.value, open.value] = ["", "", false];
  };
  return (
    <div class="anchor" ref={place}>
      <button
        type="button"
        class="button small"
        aria-expanded={open.value}
        aria-haspopup="dialog"
        onClick={() => (open.value = !open.value)}
        data-testid="add-filter"
      >
        Add a filter
      </button>
      {open.value ? (
        <form class="popover filter-form" aria-label="Add a filter" onSubmit={submit}>
          <Box label="Tag" list={keys} text={key.value} set={(text) => (key.value = text)} />
          <label class="field">
            <span>Comparison</span>
            <select value={operator.value} onChange={(event) => (operator.value = event.currentTarget.value)}>
              {OPERATORS.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
          <Box label="Value" list={values} text={value.value} set={(text) => (value.value = text)} />
          <button type="submit" class="button primary" disabled={key.value === ""} data-testid="apply-filter">
            Filter
          </button>
        </form>
      ) : null}
    </div>
  );
}

interface BoxProps {
  readonly label: string;
  readonly list: readonly string[];
  readonly text: string;
  readonly set: (text: string) => void;
}

function Box({ label, list, text, set }: BoxProps) {
  const id = `filter-${label.toLowerCase()}`;
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="text"
        list={id}
        value={text}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => set(event.currentTarget.value)}
        data-testid={id}
      />
      <datalist id={id}>
        {list.slice(0, 500).map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </label>
  );
}
