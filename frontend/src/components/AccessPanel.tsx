import { useSignal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";
import { useDeed } from "../deed.tsx";
import { changeAccess } from "../access.ts";
import { ask } from "../api.ts";
import { day } from "../i18n/format.ts";
import { t } from "../i18n/index.ts";
import { access, returns } from "../store.ts";
import type { Token } from "../wire.ts";
import { FormField } from "./FormField.tsx";
import { AccountName, LogOut } from "./Login.tsx";

/** Who may come in: the password, and the tokens of scripts. Stands wherever it is put. */
export function AccessPanel() {
  const found = access.value;
  if (!found) return null;
  return (
    <section class="panel access-panel" aria-labelledby="access-title">
      <h2 id="access-title">{t("access.title")}</h2>
      {found.can_change ? <><Password hasOne={found.has_password} /><Tokens /></> : <p class="muted">{t("access.no_auth")}</p>}
    </section>
  );
}

function Password({ hasOne }: { hasOne: boolean }) {
  const current = useSignal("");
  const password = useSignal("");
  const { send, busy, said, fault } = useDeed();
  const choose = send(() => changeAccess(() => ask("PUT /api/access/password", { body: { password: password.value, current: current.value } })), () => {
    current.value = password.value = "";
    return t("access.chosen");
  });
  return (
    <form class="access-part" onSubmit={choose}>
      <p class="muted">{t(hasOne ? "access.has_password" : "access.no_password")}</p>
      <AccountName />
      {hasOne && (
        <FormField
          id="access-current" label={t("access.current")} type="password" autocomplete="current-password" required
          value={current.value} onType={(typed) => (current.value = typed)}
        />
      )}
      <FormField
        id="access-new" label={t("access.new")} hint={t("access.length")} type="password" autocomplete="new-password" required
        value={password.value} onType={(typed) => (password.value = typed)}
      />
      <p class="form-actions">
        <button type="submit" class="quiet" disabled={busy}>{t(hasOne ? "access.change" : "access.choose")}</button>
        {hasOne && <LogOut />}
      </p>
      {said}
      {fault}
    </form>
  );
}

function Tokens() {
  const tokens = useSignal<Token[]>([]);
  const name = useSignal("");
  const made = useSignal<{ name: string; token: string } | null>(null);
  const refresh = () => ask("GET /api/access/tokens").then((found) => (tokens.value = found));
  const { act, send, busy, fault } = useDeed();
  const create = send(async () => {
    made.value = null;
    made.value = await ask("POST /api/access/tokens", { body: { name: name.value } });
    name.value = "";
    await refresh();
  });
  const revoke = (id: string) =>
    act(() => ask("DELETE /api/access/tokens/{token_id}", { path: { token_id: id } }).then(refresh), () => document.getElementById("token-name")?.focus());
  useLayoutEffect(() => void act(refresh), [returns.value]);
  return (
    <form class="access-part" onSubmit={create} aria-labelledby="tokens-title">
      <h3 id="tokens-title">{t("tokens.title")}</h3>
      <p class="hint">{t("tokens.intro")} <code>Authorization: Bearer …</code></p>
      {tokens.value.length > 0 && (
        <ul class="tokens">
          {tokens.value.map((token) => (
            <li key={token.id}>
              <span dir="auto">{token.name}</span> <span class="muted numbers">{day(token.created)}</span>
              <button type="button" class="quiet" aria-label={t("tokens.revoke_named", { name: token.name })} onClick={() => void revoke(token.id)}>
                {t("tokens.revoke")}
              </button>
            </li>
          ))}
        </ul>
      )}
      <FormField id="token-name" label={t("tokens.name")} required maxLength={64} value={name.value} onType={(typed) => (name.value = typed)} />
      <p class="form-actions"><button type="submit" class="quiet" disabled={busy}>{t("tokens.create")}</button></p>
      <div role="status">
        {made.value && <><p>{t("tokens.once", { name: made.value.name })}</p><code class="token" dir="ltr">{made.value.token}</code></>}
      </div>
      {fault}
    </form>
  );
}
