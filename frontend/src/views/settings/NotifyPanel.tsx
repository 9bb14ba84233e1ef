import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { changeSettings, readNotifier, removeNotify, testNotify } from "../../api.ts";
import { ClapsFilter } from "../../components/ClapsFilter.tsx";
import { Outcome } from "../../components/Outcome.tsx";
import { SavedField } from "../../components/SavedField.tsx";
import { SavedSwitch } from "../../components/SavedSwitch.tsx";
import { SaveState } from "../../components/SaveState.tsx";
import { TestButton } from "../../components/TestButton.tsx";
import { said, t } from "../../i18n/index.ts";
import { takeOwn } from "../../offers.ts";
import { discardAll, drafts, edit, inTurn } from "../../saving.ts";
import { notifyTarget } from "../../receivers.ts";
import { settings, sources } from "../../store.ts";
import type { NotifySettings } from "../../wire.ts";
import { inWords } from "../../words.ts";
import { useAnswer } from "../../useAnswer.ts";

const MOST = 32;
const KNOWN_SERVICES = "https://github.com/caronc/apprise/wiki";

/** The services that show people notifications: added, tried out, each for some sources or all, taken away. */
export function NotifyPanel() {
  const known = settings.value?.notify ?? [];
  const refusal = useSignal("");
  const added = useSignal("");
  const list = useRef<HTMLDivElement>(null);
  const { answer } = useAnswer(readNotifier, []).value;
  useLayoutEffect(() => {
    if (added.value) list.current?.querySelector<HTMLElement>(".webhook:last-child input[type=password]")?.focus();
  }, [added.value]);
  const add = async () => {
    const id = freeId(known);
    refusal.value = added.value = ""; // the same id may come again
    await inTurn(() => changeSettings({ notify: [{ id }] }).then(takeOwn))
      .then(() => (added.value = id), (error: unknown) => (refusal.value = inWords(error)));
  };
  return (
    <section class="panel settings-group webhooks" aria-labelledby="settings-notify">
      <h2 id="settings-notify">{t("notify.title")}</h2>
      <p class="muted">{t("notify.intro")} <a href={KNOWN_SERVICES} target="_blank" rel="noreferrer">{t("notify.known")}</a></p>
      {answer && !answer.installed && <p class="reason"><Outcome shape="triangle" words={said(answer)} /></p>}
      <div class="webhook-list" ref={list}>
        {known.map((one, index) => <Service key={one.id} one={one} number={index + 1} />)}
      </div>
      {refusal.value && <p role="alert"><Outcome shape="cross" words={refusal.value} /></p>}
      {known.length < MOST && <button type="button" class="quiet add-row" onClick={add}>{t("notify.add")}</button>}
    </section>
  );
}

function freeId(known: NotifySettings[]): string {
  const taken = new Set(known.map(({ id }) => id));
  for (let number = 1; ; number++) if (!taken.has(`notification-${number}`)) return `notification-${number}`;
}

function Service({ one, number }: { one: NotifySettings; number: number }) {
  const path = `notify.${one.id}`;
  const refusal = useSignal("");
  const name = one.name || t("notify.number", { number });
  const address = drafts.value[`${path}.url`]?.text ?? one.url;
  const remove = async () => {
    refusal.value = "";
    await inTurn(() => removeNotify(one.id).then(takeOwn))
      .then(() => discardAll(`${path}.`))
      .then(() => document.querySelector<HTMLElement>("#settings-notify ~ .add-row")?.focus(), (error: unknown) => (refusal.value = inWords(error)));
  };
  return (
    <fieldset class="webhook">
      <legend class="unseen">{name}</legend>
      <div class="notify-head">
        <strong class="clip" dir="auto" title={name}>{name}</strong>
        <SavedSwitch path={`${path}.enabled`} label={t("notify.enabled")} checked={one.enabled} />
        <TestButton path={`${path}.url`} target={notifyTarget(one)} ready={address !== "" && one.enabled} label={t("notify.test_named", { name })} send={() => testNotify(one.id)} />
        <button type="button" class="quiet" aria-label={t("notify.remove_named", { name })} onClick={remove}>{t("webhooks.remove")}</button>
      </div>
      <div class="options">
        <SavedField path={`${path}.name`} label={t("notify.name")} value={one.name} placeholder={t("notify.number", { number })} dir="auto" />
        <SavedField path={`${path}.url`} label={t("notify.url")} value={one.url} type="password" placeholder="ntfy://…, tgram://…, mailto://…" hint={t("notify.url_hint")} />
        <SavedField path={`${path}.max_age_s`} label={t("notify.age")} value={one.max_age_s} min={1} max={604800} hint={t("webhooks.age_hint")} />
      </div>
      <SourcesFilter path={`${path}.sources`} chosen={one.sources} />
      <ClapsFilter path={`${path}.claps`} claps={one.claps} />
      {refusal.value && <p role="alert"><Outcome shape="cross" words={refusal.value} /></p>}
    </fieldset>
  );
}

/** For which sources a service gets notifications; none chosen is all. One that is gone can be removed. */
function SourcesFilter({ path, chosen: known }: { path: string; chosen: string[] }) {
  const chosen = (drafts.value[path]?.value ?? known) as string[];
  const here = sources.value.map(({ id, name }) => ({ id, name }));
  const gone = chosen.filter((id) => !here.some((source) => source.id === id)).map((id) => ({ id, name: t("notify.source_gone", { id }) }));
  const toggle = (id: string, on: boolean) => edit(path, on ? [...chosen, id] : chosen.filter((one) => one !== id), 0);
  return (
    <fieldset class="field filter" id={path} aria-describedby={`${path}-hint ${path}-state`}>
      <legend>{t("notify.sources")}</legend>
      <span class="checks">
        {[...here, ...gone].map(({ id, name }) => (
          <label key={id} class="check">
            <input type="checkbox" checked={chosen.includes(id)} onChange={(event) => toggle(id, event.currentTarget.checked)} />
            <span class="clip" dir="auto" title={name}>{name}</span>
          </label>
        ))}
      </span>
      <p class="hint" id={`${path}-hint`}>{t(chosen.length ? "notify.sources_some" : "notify.sources_all")}</p>
      <SaveState path={path} id={`${path}-state`} />
    </fieldset>
  );
}
