/** The variables above the panels, each with what can be chosen. */
import { useSignal } from "@preact/signals";
import { Down } from "../panels/icons";
import { linkTo } from "../navigate";
import { address } from "../state";
import type { Link, VariableOption } from "./model";
import { change, chooseValues, opened, variables } from "./session";
import { AdhocField } from "./AdhocField";
import { safeHref } from "./links";
import { usePopover } from "../panels/usePopover";
import { ALL, type Variable } from "./variables";

const SHOWN: ReadonlySet<string> = new Set(["query", "custom", "interval", "textbox", "adhoc"]);

export function VariableBar() {
  const shown = (variables.value ?? []).filter(({ model }) => SHOWN.has(model.type) && model.hide !== 2);
  const links = opened.value?.view.links ?? [];
  if (shown.length === 0 && links.length === 0) return null;
  return (
    <div class="variables" data-testid="variables">
      {shown.map((variable) => (
        <VariableField key={variable.model.name} variable={variable} />
      ))}
      {links.map((link, i) => (
        <BoardLink key={i} link={link} />
      ))}
    </div>
  );
}

function BoardLink({ link }: { link: Link }) {
  const href =
    link.type === "dashboards" ? linkTo({ place: { name: "dashboards" } }) : safeHref(link.url ?? "");
  if (href === null) return null;
  return (
    <a
      class="button small"
      href={href}
      {...(link.targetBlank === true ? { target: "_blank", rel: "noopener noreferrer" } : {})}
    >
      {link.title ?? link.url}
    </a>
  );
}

function VariableField({ variable }: { variable: Variable }) {
  const { model, problem } = variable;
  const label = model.hide === 1 ? "" : model.label != null && model.label !== "" ? model.label : model.name;
  return (
    <div class="variable" data-variable={model.name}>
      {label === "" ? null : <span class="variable-name">{label}</span>}
      {model.type === "textbox" ? (
        <TextBox variable={variable} />
      ) : model.type === "adhoc" ? (
        <AdhocField model={model} />
      ) : (
        <Choice variable={variable} />
      )}
      {problem === null ? null : (
        <span class="problem" role="alert" title={problem}>
          {problem}
        </span>
      )}
    </div>
  );
}

function TextBox({ variable }: { variable: Variable }) {
  const { name } = variable.model;
  return (
    <input
      type="text"
      aria-label={name}
      value={variable.chosen[0] ?? ""}
      onChange={(event) => change({ [`var-${name}`]: event.currentTarget.value })}
    />
  );
}

function shownText({ options, chosen }: Variable): string {
  if (chosen[0] === ALL) return "All";
  const names = chosen.map((value) => options.find((option) => option.value === value)?.text ?? value);
  return names.length === 0 ? "None" : names.join(" + ");
}

function Choice({ variable }: { variable: Variable }) {
  const { open, place } = usePopover();
  return (
    <div class="anchor" ref={place}>
      <button
        type="button"
        class="button small"
        aria-expanded={open.value}
        aria-haspopup="listbox"
        aria-label={`${variable.model.name}: ${shownText(variable)}`}
        onClick={() => (open.value = !open.value)}
        data-testid={`variable-${variable.model.name}`}
      >
        <span class="chosen-text">{shownText(variable)}</span>
        <Down />
      </button>
      {open.value ? <Options variable={variable} close={() => (open.value = false)} /> : null}
    </div>
  );
}

const MOST_SHOWN = 200;

function Options({ variable, close }: { variable: Variable; close: () => void }) {
  const { model, options, chosen } = variable;
  const search = useSignal("");
  void address.value;
  const wanted = search.value.toLowerCase();
  const all: VariableOption[] = model.includeAll === true ? [{ text: "All", value: ALL }] : [];
  const found = [...all, ...options].filter((option) => option.text.toLowerCase().includes(wanted));
  const pick = (value: string): void => {
    if (model.multi !== true) {
      chooseValues(model.name, [value]);
      close();
      return;
    }
    const before = chosen[0] === ALL ? [] : chosen;
    const next = before.includes(value) ? before.filter((one) => one !== value) : [...before, value];
    chooseValues(model.name, value === ALL || next.length === 0 ? [ALL] : next);
  };
  return (
    <div
      class="popover options"
      role="listbox"
      aria-multiselectable={model.multi === true}
      aria-label={model.name}
    >
      {options.length > 10 ? (
        <input
          type="search"
          aria-label="Search values"
          value={search.value}
          onInput={(event) => (search.value = event.currentTarget.value)}
        />
      ) : null}
      {found.slice(0, MOST_SHOWN).map((option) => (
        <button
          key={option.value}
          type="button"
          role="option"
          aria-selected={chosen.includes(option.value)}
          class={chosen.includes(option.value) ? "button chosen" : "button"}
          onClick={() => pick(option.value)}
          data-option={option.value}
        >
          {option.text}
        </button>
      ))}
      {found.length > MOST_SHOWN ? (
        <p class="hint">{found.length - MOST_SHOWN} more; search for them.</p>
      ) : null}
      {found.length === 0 ? <p class="hint">No values.</p> : null}
    </div>
  );
}
