/** Links of a panel or of its values: a title, an address, and whether it opens beside the page. */
import { safeHref } from "../links";
import type { Link } from "../model";
import { replaced, swapped } from "./paths";
import { Tool } from "./Tool";

interface Props {
  readonly value: unknown;
  readonly put: (next: readonly Link[], about?: string) => void;
  readonly what: "panel" | "data";
}

const HINTS = {
  panel: "Variables stand in it as $host; /d/uid?${host:queryparam} is another dashboard of this hub.",
  data: "${__value.raw}, ${__value.text}, ${__field.name} and ${__field.labels.host} are filled in.",
} as const;

export function LinkList({ value, put, what }: Props) {
  const links = Array.isArray(value) ? (value as Link[]) : [];
  const add = (): void => put([...links, { title: "", url: "", targetBlank: false }]);
  return (
    <div
      class="list-editor"
      role="group"
      aria-label={what === "panel" ? "Links of the panel" : "Links of values"}
    >
      {links.map((link, i) => (
        <LinkCard
          key={i}
          link={link}
          name={`${what} link ${i + 1}`}
          testid={`${what}-link-${i + 1}`}
          change={(changes, about) =>
            put(
              replaced(links, i, { ...link, ...changes }),
              about === undefined ? undefined : `${i} ${about}`,
            )
          }
          up={i === 0 ? null : () => put(swapped(links, i, -1))}
          remove={() => put(replaced(links, i, null))}
        />
      ))}
      {links.length === 0 ? null : <p class="hint">{HINTS[what]}</p>}
      <button type="button" class="button small" onClick={add} data-testid={`${what}-link-add`}>
        Add a link
      </button>
    </div>
  );
}

interface CardProps {
  readonly link: Link;
  readonly name: string;
  readonly testid: string;
  readonly change: (changes: Partial<Link>, about?: string) => void;
  readonly up: (() => void) | null;
  readonly remove: () => void;
}

/** What is filled in could still make an address that leads somewhere. */
const leads = (url: string): boolean => url === "" || /[$[]/.test(url) || safeHref(url) !== null;

function LinkCard({ link, name, testid, change, up, remove }: CardProps) {
  return (
    <div class="list-card" role="group" aria-label={name}>
      <div class="list-card-line">
        <input
          class="grow"
          aria-label={`Title of ${name}`}
          placeholder="title"
          value={link.title ?? ""}
          onInput={(event) => change({ title: event.currentTarget.value }, "title")}
          data-testid={`${testid}-title`}
        />
        <Tool label={`Move ${name} up`} sign="↑" run={up} />
        <Tool label={`Remove ${name}`} sign="×" run={remove} testid={`${testid}-remove`} />
      </div>
      <input
        aria-label={`Address of ${name}`}
        placeholder="https://… or /d/uid"
        value={link.url ?? ""}
        onInput={(event) => change({ url: event.currentTarget.value }, "url")}
        data-testid={`${testid}-url`}
      />
      {leads(link.url ?? "") ? null : (
        <p class="problem" role="alert">
          An address begins with https://, http://, mailto: or /d/.
        </p>
      )}
      <label class="switch">
        <input
          type="checkbox"
          checked={link.targetBlank === true}
          onChange={(event) => change({ targetBlank: event.currentTarget.checked })}
        />
        <span>opens in a new tab</span>
      </label>
    </div>
  );
}
