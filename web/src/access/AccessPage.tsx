/** The place of identities: people, devices, tokens, and what was changed of them. */
import { useSignal } from "@preact/signals";
import { formatDayClock } from "../clock";
import { CopyButton } from "../panels/CopyButton";
import { NotRead } from "../panels/NotRead";
import { usePolled } from "../panels/usePolled";
import { utc } from "../state";
import { access, type AuditEntry, type BoardIdentity, rightsText, type Token } from "./client";
import { NewTokenForm } from "./NewToken";
import { People } from "./People";

/** What an action gave that is shown once: a key, a token, a command. */
export interface Shown {
  readonly what: string;
  readonly text: string;
}

/** Does something, says that it is done, and shows what came of it. */
export type Act = (what: Promise<unknown>, done: string) => void;

const read = async () => {
  const [people, devices, tokens, audit] = await Promise.all([
    access.people(),
    access.devices(),
    access.tokens(),
    access.audit(),
  ]);
  return { people, devices, tokens, audit };
};

const isShown = (found: unknown): found is Shown =>
  typeof found === "object" && found !== null && "what" in found && "text" in found;

export function AccessPage() {
  const { value: now, problem } = usePolled(read);
  const said = useSignal("");
  const shown = useSignal<Shown | null>(null);
  if (now === null) return <NotRead what="Who may come in" problem={problem} />;
  const act: Act = (what, done) => {
    what.then(
      (found) => {
        said.value = done;
        shown.value = isShown(found) ? found : null;
      },
      (cause: unknown) => (said.value = cause instanceof Error ? cause.message : String(cause)),
    );
  };
  return (
    <div class="status access" data-testid="access">
      {problem === null ? null : <p class="warning">{problem}</p>}
      {said.value === "" ? null : (
        <p class="note" role="status" data-testid="access-said">
          {said.value}
        </p>
      )}
      {shown.value === null ? null : <Once shown={shown.value} close={() => (shown.value = null)} />}
      <People people={now.people} act={act} />
      <Devices devices={now.devices} act={act} />
      <Tokens tokens={now.tokens} act={act} />
      <Audit entries={now.audit} />
    </div>
  );
}

/** A secret, which nobody can ask for again. */
function Once({ shown, close }: { shown: Shown; close: () => void }) {
  return (
    <section class="panel" data-testid="access-once">
      <header class="panel-head">
        <h3>{shown.what}</h3>
        <button type="button" class="button small" onClick={close}>
          Done
        </button>
      </header>
      <div class="code-line">
        <code>{shown.text}</code>
        <CopyButton text={shown.text} />
      </div>
      <p class="message">This is the only time that it is shown.</p>
    </section>
  );
}

function Devices({ devices, act }: { devices: readonly BoardIdentity[]; act: Act }) {
  const name = useSignal("");
  const enrol = (id: string): void => {
    const made = access.enrolDevice(id).then(({ url, code, seconds }) => ({
      what: `On the board, within ${Math.round(seconds / 60)} min`,
      text: `helio agent enrol ${url} ${code}`,
    }));
    act(made, `${id} gets its key by this command.`);
  };
  const keyed = (id: string, made: Promise<{ key: string }>): void => {
    act(
      made.then(({ key }) => ({ what: `Key of ${id}: its MQTT password`, text: key })),
      `${id} has a key.`,
    );
  };
  const given = name.value.trim();
  return (
    <section class="panel" data-testid="access-devices">
      <header class="panel-head">
        <h3>Devices</h3>
      </header>
      <form class="access-new" onSubmit={(event) => event.preventDefault()}>
        <input
          type="text"
          aria-label="Name of a new device"
          placeholder="name"
          value={name.value}
          onInput={(event) => (name.value = event.currentTarget.value)}
        />
        <button type="submit" class="button small" disabled={given === ""} onClick={() => enrol(given)}>
          Enrol a board
        </button>
        <button
          type="button"
          class="button small"
          disabled={given === ""}
          onClick={() => keyed(given, access.addDevice(given))}
        >
          Make a key
        </button>
      </form>
      <div class="table-scroll access-list">
        <table class="rule-table">
          <tbody>
            {devices.map((one) => (
              <tr key={one.id}>
                <td>
                  <bdi>{one.id}</bdi>
                </td>
                <td>{one.gateway ? `${one.state}, gateway` : one.state}</td>
                <td>since {formatDayClock(one.updated_ms, utc.value)}</td>
                <td class="rule-buttons">
                  <button type="button" class="button small" onClick={() => enrol(one.id)}>
                    Enrol
                  </button>
                  <button
                    type="button"
                    class="button small"
                    onClick={() => keyed(one.id, access.rotateDevice(one.id))}
                  >
                    New key
                  </button>
                  {one.state === "revoked" ? null : (
                    <button
                      type="button"
                      class="button small"
                      onClick={() => {
                        if (confirm(`Cut ${one.id} off? Its points stay.`))
                          act(access.revokeDevice(one.id), `${one.id} is let in no more.`);
                      }}
                    >
                      Revoke
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {devices.length === 0 ? <p class="message">No device has a key yet.</p> : null}
    </section>
  );
}

function Tokens({ tokens, act }: { tokens: readonly Token[]; act: Act }) {
  const [operators, ...others] = tokens;
  return (
    <section class="panel" data-testid="access-tokens">
      <header class="panel-head">
        <h3>Tokens</h3>
        <span class="source">for programs</span>
      </header>
      <NewTokenForm act={act} />
      <div class="table-scroll access-list">
        <table class="rule-table">
          <tbody>
            {[...others, ...(operators === undefined ? [] : [operators])].map((one) => (
              <tr key={one.id}>
                <td>
                  <bdi>{one.description || one.id}</bdi>
                  {one.status === "active" ? "" : " (off)"}
                </td>
                <td>
                  <bdi>{rightsText(one)}</bdi>
                </td>
                <td>{one.expiresAt === undefined ? "" : `until ${one.expiresAt.slice(0, 10)}`}</td>
                <td class="rule-buttons">
                  {one === operators ? null : <TokenButtons token={one} act={act} />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function TokenButtons({ token, act }: { token: Token; act: Act }) {
  const name = token.description || token.id;
  return (
    <>
      <button
        type="button"
        class="button small"
        onClick={() =>
          act(
            access.rotateToken(token.id).then((made) => ({ what: `Token of ${name}`, text: made.token })),
            `${name} has another token; the old one has ended.`,
          )
        }
      >
        New secret
      </button>
      <button
        type="button"
        class="button small"
        onClick={() => {
          if (confirm(`Revoke the token ${name}? What uses it is cut off.`))
            act(access.revokeToken(token.id), `The token ${name} is revoked.`);
        }}
      >
        Revoke
      </button>
    </>
  );
}

function Audit({ entries }: { entries: readonly AuditEntry[] }) {
  return (
    <section class="panel" data-testid="access-audit">
      <header class="panel-head">
        <h3>What was changed, and who logged in</h3>
      </header>
      <div class="table-scroll access-list">
        <table class="rule-table">
          <tbody>
            {entries.map((one, place) => (
              <tr key={`${one.time_ms} ${place}`}>
                <td>{formatDayClock(one.time_ms, utc.value)}</td>
                <td>{one.what}</td>
                <td>
                  <bdi>{one.about}</bdi>
                </td>
                <td>
                  <bdi>{one.who}</bdi> {one.address}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
