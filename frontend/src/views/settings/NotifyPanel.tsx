import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { changeSettings, readNotifier, removeNotify, testNotify } from "../../api.ts";
import { Field, Fields } from "../../components/Field.tsx";
import { Outcome } from "../../components/Outcome.tsx";
import { TestButton } from "../../components/TestButton.tsx";
import { useDeed } from "../../deed.tsx";
import { said, t } from "../../i18n/index.ts";
import { freeId } from "../../ids.ts";
import { notifyTarget } from "../../receivers.ts";
import { discardAll, drafts, edit } from "../../saving.ts";
import { settings, sources } from "../../store.ts";
import { useAnswer } from "../../useAnswer.ts";
import type { NotifySettings } from "../../wire.ts";
import { type Reaction, applause, isWanted, triggersOf, wishFor } from "../reactions/reactions.ts";
import { SourcesFilter } from "./SourcesFilter.tsx";

const MOST = 32;
const COUNTS = [1, 2, 3, 4];
const KNOWN_SERVICES = "https://github.com/caronc/apprise/wiki";

/** The services that show people notifications: added, tried out, each for some sources or all, taken away. */
export function NotifyPanel() {
  const known = settings.value?.notify ?? [];
  const { change, fault } = useDeed();
  const added = useSignal("");
  const list = useRef<HTMLDivElement>(null);
  const { answer } = useAnswer(readNotifier, []).value;
  useLayoutEffect(() => {
    if (added.value) list.current?.querySelector<HTMLElement>(".webhook:last-child input[type=password]")?.focus();
  }, [added.value]);
  const add = () => {
    const id = freeId("notification", known.map((one) => one.id), true);
    added.value = ""; // the same id may come again
    void change(() => changeSettings({ notify: [{ id }] }), () => (added.value = id));
  };
  return (
    <section class="panel settings-group webhooks" aria-labelledby="settings-notify">
      <h2 id="settings-notify">{t("notify.title")}</h2>
      <p class="muted">{t("notify.intro")} <a href={KNOWN_SERVICES} target="_blank" rel="noreferrer">{t("notify.known")}</a></p>
      {answer && !answer.installed && <p class="reason"><Outcome shape="triangle" words={said(answer)} /></p>}
      <div class="webhook-list" ref={list}>
        {known.map((one, index) => <Service key={one.id} one={one} number={index + 1} />)}
      </div>
      {fault}
      {known.length < MOST && <button type="button" class="quiet add-row" onClick={add}>{t("notify.add")}</button>}
    </section>
  );
}

function Service({ one, number }: { one: NotifySettings; number: number }) {
  const path = `notify.${one.id}`;
  const { change, fault } = useDeed();
  const name = one.name || t("notify.number", { number });
  const address = drafts.value[`${path}.url`]?.text ?? one.url;
  const remove = () => change(() => removeNotify(one.id), () => {
    discardAll(`${path}.`);
    document.querySelector<HTMLElement>("#settings-notify ~ .add-row")?.focus();
  });
  return (
    <fieldset class="webhook">
      <legend class="unseen">{name}</legend>
      <div class="notify-head">
        <strong class="clip" dir="auto" title={name}>{name}</strong>
        <Field path={`${path}.enabled`} />
        <TestButton path={`${path}.url`} target={notifyTarget(one)} ready={address !== "" && one.enabled} label={t("notify.test_named", { name })} send={() => testNotify(one.id)} />
        <button type="button" class="quiet" aria-label={t("notify.remove_named", { name })} onClick={remove}>{t("webhooks.remove")}</button>
      </div>
      <div class="options"><Fields of={path} names={["name", "url", "max_age_s"]} /></div>
      <SourcesFilter path={`${path}.sources`} chosen={one.sources} hint={{ all: "notify.sources_all", some: "notify.sources_some" }} onChoose={(ids) => edit(`${path}.sources`, ids, 0)} />
      <Wanted path={path} one={one} />
      {fault}
    </fieldset>
  );
}

/** Which reactions a service shows, of all that there are. */
function Wanted({ path, one }: { path: string; one: NotifySettings }) {
  const { change, fault } = useDeed();
  const triggers = new Map(sources.value.flatMap(triggersOf).map((reaction) => [reaction.what, reaction]));
  const all: Reaction[] = [...COUNTS.map((count) => ({ what: count, words: t("activity.claps", { count }) })), applause(), ...triggers.values()];
  const toggle = (which: Reaction, on: boolean) => {
    const wish = wishFor(all, (other) => (other === which ? on : isWanted(one, other)));
    void change(() => changeSettings({ notify: [{ id: one.id, ...(wish ?? { enabled: false }) }] }));
  };
  return (
    <fieldset class="field filter" id={`${path}.claps`}>
      <legend>{t("webhooks.claps")}</legend>
      <span class="checks" id={`${path}.triggers`}>
        {all.map((reaction) => (
          <label key={reaction.what} class="check">
            <input type="checkbox" checked={isWanted(one, reaction)} onChange={(event) => toggle(reaction, event.currentTarget.checked)} />
            <span class="clip" dir="auto">{reaction.words}</span>
          </label>
        ))}
      </span>
      {fault}
    </fieldset>
  );
}
