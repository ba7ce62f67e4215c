/** The variables of a dashboard: add, change, order, remove; with the values that they have now. */
import { useSignal } from "@preact/signals";
import type { VariableModel } from "../model";
import { variables } from "../session";
import { queryText } from "../variables";
import { AdhocPart } from "./AdhocPart";
import { apply, edited } from "./editing";
import { RawQuery } from "./RawQuery";
import { SeveralPart, VariableMore } from "./VariableMore";
import {
  freeName,
  nameProblem,
  TYPES,
  variableOfType,
  variablesOf,
  withoutVariable,
  withVariable,
  withVariableAt,
  withVariableMoved,
} from "./variableChanges";

export function VariableList() {
  const list = variablesOf(edited.value);
  const open = useSignal<number | null>(null);
  const add = (): void => {
    open.value = list.length;
    apply((view) => withVariable(view, variableOfType("query", freeName(variablesOf(view)))));
  };
  return (
    <>
      {list.length === 0 ? (
        <p class="hint">A variable stands in queries and titles as $name, and is chosen above the panels.</p>
      ) : null}
      <ul class="variable-list">
        {list.map((model, i) => (
          <li key={i} class="variable-item" data-variable-item={model.name}>
            <div class="variable-head">
              <button
                type="button"
                class="button small"
                aria-expanded={open.value === i}
                onClick={() => (open.value = open.value === i ? null : i)}
              >
                ${model.name}
              </button>
              <span class="hint grow">{TYPES.find(([type]) => type === model.type)?.[1] ?? model.type}</span>
              <button
                type="button"
                class="tool"
                aria-label={`Move ${model.name} up`}
                disabled={i === 0}
                onClick={() => {
                  open.value = null;
                  apply((view) => withVariableMoved(view, i, -1));
                }}
              >
                ↑
              </button>
              <button
                type="button"
                class="tool"
                aria-label={`Remove ${model.name}`}
                onClick={() => {
                  open.value = null;
                  apply((view) => withoutVariable(view, i));
                }}
                data-testid="variable-remove"
              >
                ×
              </button>
            </div>
            {open.value === i ? <VariableForm model={model} index={i} /> : null}
          </li>
        ))}
      </ul>
      <div>
        <button type="button" class="button" onClick={add} data-testid="variable-add">
          Add a variable
        </button>
      </div>
    </>
  );
}

interface FormProps {
  readonly model: VariableModel;
  readonly index: number;
}

function VariableForm({ model, index }: FormProps) {
  const problem = useSignal<string | null>(null);
  const set = (changes: Partial<VariableModel>, about: string): void =>
    apply((view) => withVariableAt(view, index, changes), `variable ${index} ${about}`);
  const rename = (name: string): void => {
    const others = variablesOf(edited.peek()).filter((_, i) => i !== index);
    problem.value = nameProblem(name, others);
    if (problem.value === null) set({ name }, "name");
  };
  return (
    <div class="variable-form">
      <div class="field-row">
        <label class="field">
          <span>Name</span>
          <input
            value={model.name}
            onChange={(event) => rename(event.currentTarget.value.trim())}
            data-testid="variable-name"
          />
        </label>
        <label class="field">
          <span>Shown as</span>
          <input
            value={model.label ?? ""}
            onInput={(event) => set({ label: event.currentTarget.value }, "label")}
          />
        </label>
        <label class="field">
          <span>Kind</span>
          <select
            value={model.type}
            onChange={(event) => {
              const next = variableOfType(event.currentTarget.value, model.name, model.label ?? null);
              apply((view) => ({
                ...view,
                templating: {
                  ...view.templating,
                  list: variablesOf(view).map((one, i) => (i === index ? next : one)),
                },
              }));
            }}
            data-testid="variable-type"
          >
            {TYPES.some(([type]) => type === model.type) ? null : <option>{model.type}</option>}
            {TYPES.map(([type, name, what]) => (
              <option key={type} value={type} title={what}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      {problem.value === null ? null : (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      {model.type === "query" ? (
        <QueryPart model={model} set={set} />
      ) : model.type === "adhoc" ? (
        <AdhocPart model={model} set={set} />
      ) : (
        <TextPart model={model} set={set} />
      )}
      {model.type === "query" || model.type === "custom" ? <SeveralPart model={model} set={set} /> : null}
      <VariableMore model={model} set={set} />
      <Values name={model.name} />
    </div>
  );
}

export interface PartProps {
  readonly model: VariableModel;
  readonly set: (changes: Partial<VariableModel>, about: string) => void;
}

const SORTS = [
  "as they come",
  "a to z",
  "z to a",
  "1 to 9",
  "9 to 1",
  "a to z, any case",
  "z to a, any case",
];

function QueryPart({ model, set }: PartProps) {
  const about = model["x-helio"];
  const language = about?.language === "flux" || about?.language === "sql" ? about.language : "influxql";
  return (
    <>
      <div class="field">
        <span>Query, such as SHOW TAG VALUES WITH KEY = "host"</span>
        <RawQuery
          text={queryText(model)}
          language={language}
          bucket={about?.bucket ?? "telegraf"}
          fault={null}
          label={`Query of ${model.name}`}
          change={(query) => {
            const flux = /\|>|\bbuckets\(|schema\./.test(query);
            const own = {
              ...about,
              language: flux ? "flux" : "influxql",
              bucket: about?.bucket ?? "telegraf",
            };
            set({ query, definition: query, "x-helio": own }, "query");
          }}
        />
      </div>
      <div class="field-row">
        <label class="field">
          <span>Only what fits (regular expression)</span>
          <input
            placeholder="/pi(.*)/"
            value={model.regex ?? ""}
            onInput={(event) => set({ regex: event.currentTarget.value }, "regex")}
            data-testid="variable-regex"
          />
        </label>
        <label class="field">
          <span>Order</span>
          <select
            value={String(model.sort ?? 0)}
            onChange={(event) => set({ sort: Number(event.currentTarget.value) }, "sort")}
          >
            {SORTS.map((name, i) => (
              <option key={name} value={i}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
    </>
  );
}

const TEXTS: Readonly<Record<string, string>> = {
  custom: "Values with commas between them; shown : value gives one another name",
  interval: "Lengths of time with commas between them",
  textbox: "What stands there at first",
  constant: "Value",
};

function TextPart({ model, set }: PartProps) {
  const plain = model.type === "textbox" || model.type === "constant";
  return (
    <>
      <label class="field">
        <span>{TEXTS[model.type] ?? "Query"}</span>
        <input
          value={queryText(model)}
          onInput={(event) => {
            const query = event.currentTarget.value;
            set({ query, ...(plain ? { current: { text: query, value: query } } : {}) }, "query");
          }}
          data-testid="variable-values"
        />
      </label>
      {model.type === "interval" ? (
        <label class="switch">
          <input
            type="checkbox"
            checked={model.auto === true}
            onChange={(event) => set({ auto: event.currentTarget.checked }, "auto")}
          />
          <span>offer “auto”, which follows the range</span>
        </label>
      ) : null}
    </>
  );
}

const MOST_VALUES = 20;

/** What the variable would offer now. */
function Values({ name }: { name: string }) {
  const found = (variables.value ?? []).find(({ model }) => model.name === name);
  if (found === undefined) return null;
  if (found.problem !== null)
    return (
      <p class="problem" role="alert" data-testid="variable-problem">
        {found.problem}
      </p>
    );
  const texts = found.options.map(({ text }) => text);
  if (texts.length === 0) return null;
  return (
    <p class="hint" data-testid="variable-preview">
      {texts.slice(0, MOST_VALUES).join(" · ")}
      {texts.length > MOST_VALUES ? ` and ${texts.length - MOST_VALUES} more` : ""}
    </p>
  );
}
