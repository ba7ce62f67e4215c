/** People who log in with a name and a password, and perhaps an authenticator app. */
import { useSignal } from "@preact/signals";
import type { Act } from "./AccessPage";
import { access, type Person } from "./client";

export function People({ people, act }: { people: readonly Person[]; act: Act }) {
  const name = useSignal("");
  const password = useSignal("");
  const add = (event: Event): void => {
    event.preventDefault();
    const given = name.value.trim();
    if (given === "") return;
    const made = access.addPerson(given, password.value).then(() => {
      name.value = password.value = "";
    });
    act(made, `${given} may log in now.`);
  };
  return (
    <section class="panel" data-testid="access-people">
      <header class="panel-head">
        <h3>People</h3>
        <span class="source">operators: they may do everything</span>
      </header>
      <form class="access-new" onSubmit={add}>
        <input
          type="text"
          aria-label="Name of a new person"
          placeholder="name"
          autocomplete="off"
          value={name.value}
          onInput={(event) => (name.value = event.currentTarget.value)}
        />
        <input
          type="password"
          aria-label="Password, 10 characters or more"
          placeholder="password, 10 characters or more"
          autocomplete="new-password"
          value={password.value}
          onInput={(event) => (password.value = event.currentTarget.value)}
        />
        <button type="submit" class="button small" disabled={name.value.trim() === ""}>
          Add
        </button>
      </form>
      <div class="table-scroll access-list">
        <table class="rule-table">
          <tbody>
            {people.map((one) => (
              <tr key={`${one.kind} ${one.name}`}>
                <td>
                  <bdi>{one.name}</bdi>
                </td>
                <td>
                  {one.kind === "influxdb"
                    ? "user of InfluxDB 1.x, by InfluxQL"
                    : one.totp === true
                      ? "password and app"
                      : "password"}
                </td>
                <td class="rule-buttons">
                  {one.kind === "influxdb" ? null : <PersonButtons person={one} act={act} />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {people.length === 0 ? <p class="message">Nobody yet; the operator's token opens the page.</p> : null}
    </section>
  );
}

/** Asks for the app's first code, which shows that it has the secret. */
async function addApp(name: string): Promise<void> {
  const { secret } = await access.newSecret(name);
  const code = prompt(`Enter this key in the authenticator app, then its code here:\n\n${secret}`);
  if (code === null) throw new Error("Nothing was changed.");
  await access.setSecret(name, secret, code);
}

function PersonButtons({ person, act }: { person: Person; act: Act }) {
  const { name } = person;
  const change = (): void => {
    const password = prompt(`Another password for ${name}, 10 characters or more`);
    if (password !== null) act(access.setPassword(name, password), `${name} is logged out everywhere.`);
  };
  return (
    <>
      <button type="button" class="button small" onClick={change}>
        New password
      </button>
      {person.totp === true ? (
        <button
          type="button"
          class="button small"
          onClick={() => act(access.clearSecret(name), `${name} logs in by the password alone.`)}
        >
          Without app
        </button>
      ) : (
        <button
          type="button"
          class="button small"
          onClick={() => act(addApp(name), `${name} needs the app's code from now on.`)}
        >
          Add an app
        </button>
      )}
      <button
        type="button"
        class="button small"
        onClick={() => {
          if (confirm(`Let ${name} in no more?`))
            act(access.revokePerson(name), `${name} is let in no more.`);
        }}
      >
        Revoke
      </button>
    </>
  );
}
