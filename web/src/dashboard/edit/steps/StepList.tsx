/** The transformations of the panel that is edited: what each makes of the one before, in their order. */
import { useSignal } from "@preact/signals";
import { Plus } from "../../../panels/icons";
import type { Options, PanelModel, Transformation } from "../../model";
import { applyTo } from "../editing";
import { fieldsIn, framesNow } from "../fieldsNow";
import { replaced, swapped } from "../paths";
import { Tool } from "../Tool";
import { STEPS, stepKind } from "./catalogue";
import { StepForm } from "./StepForm";
import { StepResult } from "./StepResult";

export function StepList({ panel }: { panel: PanelModel }) {
  const steps = panel.transformations ?? [];
  const put = (next: readonly Transformation[], about: string | null = null): void =>
    applyTo(panel.id, about, (now) => ({ ...now, transformations: next }));
  const add = (id: string): void => {
    const fields = fieldsIn(framesNow(panel)).map(({ title }) => title);
    put([...steps, { id, options: stepKind(id)?.begin(fields) ?? {} }]);
  };
  return (
    <section class="queries-edit" aria-label="Transformations">
      {steps.length === 0 ? (
        <p class="hint">
          Transformations change what the queries brought, one after the other: join it, reckon with it, name
          and order it.
        </p>
      ) : null}
      {steps.map((step, i) => (
        <StepCard
          key={`${i} ${step.id}`}
          panel={panel}
          step={step}
          index={i}
          last={i === steps.length - 1}
          change={(next, about) =>
            put(replaced(steps, i, next), about === undefined ? null : `step ${i} ${about}`)
          }
          move={(by) => put(swapped(steps, i, by))}
          remove={() => put(replaced(steps, i, null))}
        />
      ))}
      <label class="choice step-add">
        <Plus />
        <select
          aria-label="Add a transformation"
          value=""
          onChange={(event) => {
            add(event.currentTarget.value);
            event.currentTarget.value = "";
          }}
          data-testid="step-add"
        >
          <option value="">Transformation</option>
          {STEPS.map(({ id, name, what }) => (
            <option key={id} value={id}>
              {name}: {what}
            </option>
          ))}
        </select>
      </label>
    </section>
  );
}

interface CardProps {
  readonly panel: PanelModel;
  readonly step: Transformation;
  readonly index: number;
  readonly last: boolean;
  readonly change: (next: Transformation, about?: string) => void;
  readonly move: (by: 1 | -1) => void;
  readonly remove: () => void;
}

function StepCard({ panel, step, index, last, change, move, remove }: CardProps) {
  const looked = useSignal(false);
  const kind = stepKind(step.id);
  const name = kind?.name ?? step.id;
  const off = step.disabled === true;
  const before = framesNow(panel, index);
  const setOptions = (options: Options, about?: string): void => change({ ...step, options }, about);
  const onOff = (): void => {
    const { disabled, ...rest } = step;
    change(disabled === true ? rest : { ...step, disabled: true });
  };
  return (
    <section
      class={off ? "panel query-card off" : "panel query-card"}
      aria-label={`${index + 1}. ${name}`}
      data-step={step.id}
    >
      <header class="query-head">
        <h3>
          {index + 1}. {name}
        </h3>
        <span class="grow" />
        <button
          type="button"
          class="button small"
          aria-pressed={looked.value}
          onClick={() => (looked.value = !looked.value)}
          data-testid="step-look"
        >
          Rows
        </button>
        <button type="button" class="button small" aria-pressed={off} onClick={onOff} data-testid="step-off">
          {off ? "Off" : "On"}
        </button>
        <Tool label={`Move ${name} up`} sign="↑" run={index === 0 ? null : () => move(-1)} />
        <Tool label={`Move ${name} down`} sign="↓" run={last ? null : () => move(1)} testid="step-down" />
        <Tool label={`Remove ${name}`} sign="×" run={remove} testid="step-remove" />
      </header>
      {kind === undefined ? (
        <p class="hint">
          This transformation is not known to the page. It is kept, and changes nothing here.
        </p>
      ) : (
        <StepForm
          kind={kind}
          options={step.options ?? {}}
          set={setOptions}
          fields={fieldsIn(before)}
          refIds={(panel.targets ?? []).map(({ refId }) => refId)}
        />
      )}
      <StepResult frames={framesNow(panel, index + 1)} rows={looked.value} />
    </section>
  );
}
