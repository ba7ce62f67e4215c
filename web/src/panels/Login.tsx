/** The way in: where a fresh link comes from, and fields for name and password, or for the token. */
import { useSignal } from "@preact/signals";
import { logIn } from "../hub";
import { codeNeeded, loginProblem } from "../state";
import { CopyButton } from "./CopyButton";
import { Sun } from "./icons";

export function Login() {
  const user = useSignal("");
  const token = useSignal("");
  const totp = useSignal("");
  const trying = useSignal(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (token.value.trim() === "" || trying.value) return;
    trying.value = true;
    const name = user.value.trim();
    const proof =
      name === "" ? { token: token.value.trim() } : { user: name, password: token.value, totp: totp.value };
    void logIn(proof).finally(() => (trying.value = false));
  };
  return (
    <main class="centre" data-testid="login">
      <div class="card">
        <h1>
          <Sun /> Heliograph
        </h1>
        <p>Run this on the machine where the hub runs. It prints a fresh link to this page:</p>
        <div class="code-line">
          <code>helio login</code>
          <CopyButton text="helio login" />
        </div>
        <form onSubmit={submit}>
          <label class="field">
            <span>
              Or your name, if <code>helio user add</code> gave you one
            </span>
            <input
              type="text"
              autocomplete="username"
              value={user.value}
              onInput={(event) => (user.value = event.currentTarget.value)}
              data-testid="user"
            />
          </label>
          <label class="field">
            <span>
              Password; without a name the operator token, which <code>helio token</code> prints
            </span>
            <input
              type="password"
              autocomplete="current-password"
              value={token.value}
              onInput={(event) => (token.value = event.currentTarget.value)}
              data-testid="token"
            />
          </label>
          {codeNeeded.value ? (
            <label class="field">
              <span>Code of your authenticator app</span>
              <input
                type="text"
                inputMode="numeric"
                autocomplete="one-time-code"
                value={totp.value}
                onInput={(event) => (totp.value = event.currentTarget.value)}
                data-testid="totp"
              />
            </label>
          ) : null}
          <button type="submit" class="button primary" disabled={token.value.trim() === "" || trying.value}>
            Log in
          </button>
          {loginProblem.value === null ? null : (
            <p class="problem" role="alert" data-testid="login-problem">
              {loginProblem.value}
            </p>
          )}
        </form>
      </div>
    </main>
  );
}
