import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { access, changeAccess } from "../access.ts";
import { ask } from "../api.ts";
import { t } from "../i18n/index.ts";
import { inWords } from "../words.ts";
import { FormField } from "./FormField.tsx";
import { Outcome } from "./Outcome.tsx";

/** The login, in the page's place: asks for the password, or lets it be chosen for the first time. */
export function Login() {
  return <main class="login">{access.value?.state === "setup" ? <FirstPassword /> : <LogIn />}</main>;
}

function LogIn() {
  const password = useSignal("");
  const { refusal, busy, send } = useSending(() => changeAccess(() => ask("POST /api/access/login", { body: { password: password.value } })));
  const form = useFocusFirst();
  return (
    <form class="panel login-form" ref={form} onSubmit={send} aria-labelledby="login-title">
      <h1 id="login-title">{t("login.title")}</h1>
      <AccountName />
      <FormField
        id="login-password" label={t("login.password")} type="password" autocomplete="current-password" required
        value={password.value} onType={(typed) => (password.value = typed)}
      />
      <p class="form-actions"><button type="submit" class="start" disabled={busy.value}>{t("login.enter")}</button></p>
      <p role="alert">{refusal.value && <Outcome shape="cross" words={refusal.value} />}</p>
      <p class="hint">{t("login.forgotten")} <code>claptrap password</code></p>
    </form>
  );
}

function FirstPassword() {
  const code = useSignal("");
  const password = useSignal("");
  const { refusal, busy, send } = useSending(() => changeAccess(() => ask("PUT /api/access/password", { body: { password: password.value, code: code.value } })));
  const form = useFocusFirst();
  return (
    <form class="panel login-form" ref={form} onSubmit={send} aria-labelledby="login-title">
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
      <p class="form-actions"><button type="submit" class="start" disabled={busy.value}>{t("access.choose")}</button></p>
      <p role="alert">{refusal.value && <Outcome shape="cross" words={refusal.value} />}</p>
    </form>
  );
}

/** There is one person only; a browser that keeps passwords wants a name for it all the same. */
export function AccountName() {
  return <input hidden type="text" autocomplete="username" value="ClapTrap" readOnly />;
}

/** Sends a form once at a time, and keeps why that failed. */
export function useSending(act: () => Promise<unknown>) {
  const refusal = useSignal("");
  const busy = useSignal(false);
  const send = async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    refusal.value = "";
    await act().catch((error: unknown) => (refusal.value = inWords(error)));
    busy.value = false;
  };
  return { refusal, busy, send };
}

function useFocusFirst() {
  const form = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => form.current?.querySelector<HTMLInputElement>("input:not([hidden])")?.focus(), []);
  return form;
}
