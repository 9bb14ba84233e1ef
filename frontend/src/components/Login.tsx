import { useSignal } from "@preact/signals";
import { useDeed } from "../deed.tsx";
import { useLayoutEffect, useRef } from "preact/hooks";
import { changeAccess } from "../access.ts";
import { ask } from "../api.ts";
import { t } from "../i18n/index.ts";
import { access } from "../store.ts";
import { FormField } from "./FormField.tsx";
import { Outcome } from "./Shape.tsx";

/** The login, in the page's place: asks for the password, or lets it be chosen for the first time. */
export function Login() {
  const isSetup = access.value?.state === "setup";
  return <main class="login"><LoginForm key={String(isSetup)} isSetup={isSetup} /></main>;
}

function LoginForm({ isSetup }: { isSetup: boolean }) {
  const code = useSignal("");
  const password = useSignal("");
  const { send, busy, fault } = useDeed();
  const form = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => form.current?.querySelector<HTMLInputElement>("input:not([hidden])")?.focus(), []);
  const enter = () => (isSetup
    ? ask("PUT /api/access/password", { body: { password: password.value, code: code.value } })
    : ask("POST /api/access/login", { body: { password: password.value } }));
  return (
    <form class="panel login-form" ref={form} onSubmit={send(() => changeAccess(enter))} aria-labelledby="login-title">
      <h1 id="login-title">{t(isSetup ? "login.setup_title" : "login.title")}</h1>
      {isSetup && <p class="muted">{t("login.setup_intro")}</p>}
      <AccountName />
      {isSetup && (
        <FormField
          id="login-code" label={t("login.code")} autocomplete="one-time-code" required spellcheck={false} dir="ltr"
          value={code.value} onType={(typed) => (code.value = typed)}
        />
      )}
      <FormField
        id="login-password" label={t(isSetup ? "access.new" : "login.password")} hint={isSetup ? t("access.length") : ""} type="password"
        autocomplete={isSetup ? "new-password" : "current-password"} required value={password.value} onType={(typed) => (password.value = typed)}
      />
      <p class="form-actions"><button type="submit" class="start" disabled={busy}>{t(isSetup ? "access.choose" : "login.enter")}</button></p>
      {fault}
      {!isSetup && <p class="hint">{t("login.forgotten")} <code>claptrap password</code></p>}
    </form>
  );
}

/** There is one person only; a browser that keeps passwords wants a name for it all the same. */
export function AccountName() {
  return <input hidden type="text" autocomplete="username" value="ClapTrap" readOnly />;
}

/** Ends the session of this browser, or says that it goes on, and why. */
export function LogOut() {
  const { act, refusal } = useDeed();
  const leave = () => act(() => changeAccess(() => ask("POST /api/access/logout")));
  return (
    <span class="log-out">
      <button type="button" class="quiet" onClick={leave}>{t("access.log_out")}</button>
      <span role="alert">{refusal.value && <Outcome shape="cross" words={t("access.still_in", { reason: refusal.value })} />}</span>
    </span>
  );
}
