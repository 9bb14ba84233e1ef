import { useSignal } from "@preact/signals";
import { useDeed } from "../deed.tsx";
import { useLayoutEffect, useRef } from "preact/hooks";
import { access, changeAccess } from "../access.ts";
import { ask } from "../api.ts";
import { t } from "../i18n/index.ts";
import { FormField } from "./FormField.tsx";
import { Outcome } from "./Shape.tsx";

/** The login, in the page's place: asks for the password, or lets it be chosen for the first time. */
export function Login() {
  return <main class="login">{access.value?.state === "setup" ? <FirstPassword /> : <LogIn />}</main>;
}

function LogIn() {
  const password = useSignal("");
  const { send, busy, fault } = useDeed();
  const enter = send(() => changeAccess(() => ask("POST /api/access/login", { body: { password: password.value } })));
  const form = useFocusFirst();
  return (
    <form class="panel login-form" ref={form} onSubmit={enter} aria-labelledby="login-title">
      <h1 id="login-title">{t("login.title")}</h1>
      <AccountName />
      <FormField
        id="login-password" label={t("login.password")} type="password" autocomplete="current-password" required
        value={password.value} onType={(typed) => (password.value = typed)}
      />
      <p class="form-actions"><button type="submit" class="start" disabled={busy}>{t("login.enter")}</button></p>
      {fault}
      <p class="hint">{t("login.forgotten")} <code>claptrap password</code></p>
    </form>
  );
}

function FirstPassword() {
  const code = useSignal("");
  const password = useSignal("");
  const { send, busy, fault } = useDeed();
  const choose = send(() => changeAccess(() => ask("PUT /api/access/password", { body: { password: password.value, code: code.value } })));
  const form = useFocusFirst();
  return (
    <form class="panel login-form" ref={form} onSubmit={choose} aria-labelledby="login-title">
      <h1 id="login-title">{t("login.setup_title")}</h1>
      <p class="muted">{t("login.setup_intro")}</p>
      <AccountName />
      <FormField
        id="login-code" label={t("login.code")} autocomplete="one-time-code" required spellcheck={false} dir="ltr"
        value={code.value} onType={(typed) => (code.value = typed)}
      />
      <FormField
        id="login-password" label={t("access.new")} hint={t("access.length")} type="password" autocomplete="new-password" required
        value={password.value} onType={(typed) => (password.value = typed)}
      />
      <p class="form-actions"><button type="submit" class="start" disabled={busy}>{t("access.choose")}</button></p>
      {fault}
    </form>
  );
}

/** There is one person only; a browser that keeps passwords wants a name for it all the same. */
export function AccountName() {
  return <input hidden type="text" autocomplete="username" value="ClapTrap" readOnly />;
}

function useFocusFirst() {
  const form = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => form.current?.querySelector<HTMLInputElement>("input:not([hidden])")?.focus(), []);
  return form;
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
