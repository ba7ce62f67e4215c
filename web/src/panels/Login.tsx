/** The way in: where a fresh link comes from, and a field for the token. */
import { useSignal } from "@preact/signals";
import { logIn } from "../hub";
import { loginProblem } from "../state";
import { CopyButton } from "./CopyButton";
import { Sun } from "./icons";

export function Login() {
  const token = useSignal("");
  const trying = useSignal(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (token.value.trim() === "" || trying.value) return;
    trying.value = true;
    void logIn({ token: token.value.trim() }).finally(() => (trying.value = false));
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
          {/* Lets password managers keep the token under a name. */}
          <input type="text" name="user" autocomplete="username" value="operator" readOnly hidden />
          <label class="field">
            <span>
              Or paste the operator token, which <code>helio token</code> prints
            </span>
            <input
              type="password"
              autocomplete="current-password"
              value={token.value}
              onInput={(event) => (token.value = event.currentTarget.value)}
              data-testid="token"
            />
          </label>
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
