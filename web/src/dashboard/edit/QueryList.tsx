/** The queries of the panel that is edited, each in the builder or as text, with what the hub says about it. */
import { CopyButton } from "../../panels/CopyButton";
import { Plus } from "../../panels/icons";
import type { PanelModel, Target } from "../model";
import { data, type Asked } from "../session";
import { DEFAULT_BUCKET, isBuilt, otherBucket, rebuilt, type BuilderTarget } from "./builder";
import { Line } from "./BuilderLine";
import { choicesOf, Combo } from "./Combo";
import { applyTo } from "./editing";
import { faultPlace, lineAndColumn } from "./faultPlace";
import * as lists from "./lists";
import { QueryBuilder } from "./QueryBuilder";
import { RawQuery } from "./RawQuery";
import { builtTarget, inLanguage, nextRef, writtenTarget, type QueryLanguage } from "./targets";

const LANGUAGES: readonly (readonly [QueryLanguage, string])[] = [
  ["influxql", "InfluxQL"],
  ["flux", "Flux"],
  ["sql", "SQL"],
];

export function QueryList({ panel }: { panel: PanelModel }) {
  const targets = (panel.targets ?? []) as readonly BuilderTarget[];
  const set = (next: readonly Target[], about: string | null = null): void =>
    applyTo(panel.id, about, (now) => ({ ...now, targets: next }));
  const last = targets[targets.length - 1];
  const add = (): void => {
    const measurement = last?.measurement ?? "";
    set([...targets, builtTarget(nextRef(targets), { measurement, fields: ["value"] })]);
  };
  return (
    <section class="queries-edit" aria-label="Queries">
      {targets.map((target, i) => (
        <QueryCard
          key={target.refId}
          panel={panel}
          target={target}
          change={(next, about) =>
            set(
              targets.map((one, at) => (at === i ? next : one)),
              about === undefined ? null : `${target.refId} ${about}`,
            )
          }
          remove={() => set(targets.filter((_, at) => at !== i))}
          copy={() => set([...targets, { ...target, refId: nextRef(targets) }])}
        />
      ))}
      <button type="button" class="button" onClick={add} data-testid="query-add">
        <Plus />
        <span>Query</span>
      </button>
    </section>
  );
}

interface CardProps {
  readonly panel: PanelModel;
  readonly target: BuilderTarget;
  readonly change: (target: BuilderTarget, about?: string) => void;
  readonly remove: () => void;
  readonly copy: () => void;
}

const languageOf = (target: BuilderTarget): QueryLanguage => target["x-helio"]?.language ?? "influxql";

function QueryCard({ panel, target, change, remove, copy }: CardProps) {
  const asked = data.value.get(String(panel.id))?.asked?.get(target.refId);
  const foreign = target["x-helio"]?.language === null && (target.query ?? "") !== "";
  return (
    <section class="panel query-card" aria-label={`Query ${target.refId}`} data-query={target.refId}>
      <header class="query-head">
        <h3>{target.refId}</h3>
        {foreign ? null : <LanguageChoice target={target} change={change} />}
        {foreign || languageOf(target) !== "influxql" ? null : <ModeChoice target={target} change={change} />}
        <span class="grow" />
        <button
          type="button"
          class="button small"
          aria-pressed={target.hide === true}
          onClick={() => change({ ...target, hide: target.hide !== true })}
          data-testid="query-hide"
        >
          {target.hide === true ? "Hidden" : "Shown"}
        </button>
        <button type="button" class="button small" onClick={copy}>
          Copy
        </button>
        <button type="button" class="button small" onClick={remove} data-testid="query-remove">
          Remove
        </button>
      </header>
      {foreign ? <p class="hint">This query is not for this hub. It is kept as it is.</p> : null}
      {foreign ? null : isBuilt(target) ? (
        <>
          <QueryBuilder target={target} change={change} />
          {(target.query ?? "") === "" ? null : <pre class="built-text">{target.query}</pre>}
          <Complaint asked={asked} target={target} />
        </>
      ) : (
        <TextQuery target={target} asked={asked} change={change} />
      )}
      {foreign ? null : <Naming target={target} change={change} />}
    </section>
  );
}

type Change = CardProps["change"];

/** The same query as text. One that names its bucket is known by its parts, which therefore go. */
function asText(target: BuilderTarget): BuilderTarget {
  const bucket = target["x-helio"]?.bucket ?? DEFAULT_BUCKET;
  if (otherBucket(target) === null) return { ...target, rawQuery: true };
  const written = {
    query: target.query ?? "",
    bucket,
    ...(target.alias === undefined ? {} : { alias: target.alias }),
  };
  return writtenTarget(target.refId, written);
}

function LanguageChoice({ target, change }: { target: BuilderTarget; change: Change }) {
  return (
    <label class="choice">
      <span class="hidden-text">Language</span>
      <select
        value={languageOf(target)}
        onChange={(event) => change(inLanguage(target, event.currentTarget.value as QueryLanguage))}
        data-testid="query-language"
      >
        {LANGUAGES.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function ModeChoice({ target, change }: { target: BuilderTarget; change: Change }) {
  const built = isBuilt(target);
  // A text is not taken apart: the builder begins with the parts that it had, if any.
  const toBuilder = (): void =>
    change(
      (target.measurement ?? "") === ""
        ? builtTarget(target.refId, { measurement: "", fields: ["value"] })
        : rebuilt(target),
    );
  return (
    <div class="segments" role="group" aria-label="How the query is written">
      <button
        type="button"
        class={built ? "button small chosen" : "button small"}
        aria-pressed={built}
        title={built ? "" : "The builder begins anew; Undo brings the text back"}
        onClick={() => {
          if (!built) toBuilder();
        }}
        data-testid="query-builder"
      >
        Builder
      </button>
      <button
        type="button"
        class={built ? "button small" : "button small chosen"}
        aria-pressed={!built}
        onClick={() => {
          if (built) change(asText(target));
        }}
        data-testid="query-text"
      >
        Text
      </button>
    </div>
  );
}

function TextQuery({
  target,
  asked,
  change,
}: {
  target: BuilderTarget;
  asked: Asked | undefined;
  change: Change;
}) {
  const text = target.query ?? "";
  const bucket = target["x-helio"]?.bucket ?? DEFAULT_BUCKET;
  const known = lists.buckets().value.names;
  const problem = asked?.problem ?? null;
  const place = problem === null ? null : faultPlace(problem, text, asked?.text ?? "");
  const language = languageOf(target);
  return (
    <>
      <RawQuery
        text={text}
        language={language}
        bucket={bucket}
        fault={place}
        label={`Query ${target.refId}`}
        change={(query) =>
          change(
            { ...target, query, rawQuery: true, "x-helio": { ...target["x-helio"], language, bucket } },
            "text",
          )
        }
      />
      <Complaint asked={asked} target={target} />
      {language !== "flux" && known.length > 1 ? (
        <Line name="Bucket">
          <Combo
            label="Bucket"
            value={bucket}
            choices={choicesOf(known)}
            choose={(next) =>
              change({ ...target, bucket: next, "x-helio": { ...target["x-helio"], language, bucket: next } })
            }
          />
        </Line>
      ) : null}
    </>
  );
}

/** What the hub says about a query: where it is wrong, in the words of its language. */
function Complaint({ asked, target }: { asked: Asked | undefined; target: BuilderTarget }) {
  const problem = asked?.problem ?? null;
  if (problem === null || asked === undefined) return null;
  const text = target.query ?? "";
  const place = faultPlace(problem, text, asked.text);
  const at = place === null ? null : lineAndColumn(text, place.start);
  return (
    <p class="problem query-problem" role="alert" data-testid="query-problem">
      {at === null ? "" : `Line ${at.line}, column ${at.column}: `}
      {place === null ? problem.message : problem.message.replace(/ at line \d+, char \d+$/, "")}{" "}
      <CopyButton text={problem.message} />
    </p>
  );
}

function Naming({ target, change }: { target: BuilderTarget; change: Change }) {
  return (
    <div class="builder-parts" role="group" aria-label="Names and form">
      {languageOf(target) === "influxql" ? (
        <label class="builder-chip grow">
          Named
          <input
            class="wide-input"
            placeholder="by itself; or $tag_host, $m, $col"
            value={target.alias ?? ""}
            onInput={(event) => change({ ...target, alias: event.currentTarget.value }, "alias")}
            data-testid="query-alias"
          />
        </label>
      ) : null}
      <label class="builder-chip">
        As
        <select
          value={target.resultFormat ?? "time_series"}
          onChange={(event) => {
            const form = event.currentTarget.value;
            change({
              ...target,
              resultFormat: form,
              ...(languageOf(target) === "sql" ? { format: form } : {}),
            });
          }}
          data-testid="query-format"
        >
          <option value="time_series">series over time</option>
          <option value="table">table</option>
          <option value="logs">logs</option>
        </select>
      </label>
    </div>
  );
}
