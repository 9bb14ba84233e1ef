import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { ask, changeSettings } from "../../api.ts";
import { Field, Fields, SaveState } from "../../components/Field.tsx";
import { Outcome } from "../../components/Shape.tsx";
import { TestButton } from "../../components/TestButton.tsx";
import { useDeed } from "../../deed.tsx";
import { type Key, said, t } from "../../i18n/index.ts";
import { freeId } from "../../ids.ts";
import { notifyTarget } from "../../receivers.ts";
import { discardAll, edit } from "../../saving.ts";
import { drafts, settings, sources } from "../../store.ts";
import { useAnswer } from "../../useAnswer.ts";
import type { NotifySettings } from "../../wire.ts";
import { applause, isWanted, type Reaction, triggersOf, wishFor } from "../reactions/reactions.ts";

const MOST = 32;
const COUNTS = [1, 2, 3, 4];
const KNOWN_SERVICES = "https://github.com/caronc/apprise/wiki";

/** The services that show people notifications: added, tried out, each for some sources or all, taken away. */
export function NotifyPanel() {
  const known = settings.value?.notify ?? [];
  const { change, fault } = useDeed();
  const added = useSignal("");
  const list = useRef<HTMLDivElement>(null);
  const { answer } = useAnswer(() => ask("GET /api/notify"), []).value;
  useLayoutEffect(() => void (added.value && list.current?.querySelector<HTMLElement>(".webhook:last-child input[type=password]")?.focus()), [added.value]);
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
  const remove = () => change(() => ask("DELETE /api/notify/{notify_id}", { path: { notify_id: one.id } }), () => {
    discardAll(`${path}.`);
    document.querySelector<HTMLElement>("#settings-notify ~ .add-row")?.focus();
  });
  return (
    <fieldset class="webhook">
      <legend class="unseen">{name}</legend>
      <div class="notify-head">
        <strong class="clip" dir="auto" title={name}>{name}</strong>
        <Field path={`${path}.enabled`} />
        <TestButton path={`${path}.url`} target={notifyTarget(one)} ready={address !== "" && one.enabled} label={t("notify.test_named", { name })} send={() => ask("POST /api/notify/{notify_id}/test", { path: { notify_id: one.id } })} />
        <button type="button" class="quiet" aria-label={t("notify.remove_named", { name })} onClick={remove}>{t("webhooks.remove")}</button>
      </div>
      <div class="options"><Fields of={path} names={["name", "url", "max_age_s", "alerts"]} /></div>
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
  const toggle = (which: Reaction, on: boolean) => change(() => { // in its turn, of what has come of the changes before
    const now = settings.value?.notify.find(({ id }) => id === one.id) ?? one;
    const wish = wishFor(all, (other) => (other === which ? on : isWanted(now, other)));
    return changeSettings({ notify: [{ id: one.id, ...(wish ?? { enabled: false }) }] });
  });
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

interface Props {
  path: string;
  chosen: string[];
  hint: { all: Key; some: Key };
  onChoose: (ids: string[]) => void;
}

/** Which sources something is for; none chosen is all. One that is gone can be removed. */
export function SourcesFilter({ path, chosen: known, hint, onChoose }: Props) {
  const chosen = (drafts.value[path]?.value ?? known) as string[];
  const here = sources.value.map(({ id, name }) => ({ id, name }));
  const gone = chosen.filter((id) => !here.some((source) => source.id === id)).map((id) => ({ id, name: t("notify.source_gone", { id }) }));
  const toggle = (id: string, on: boolean) => onChoose(on ? [...chosen, id] : chosen.filter((one) => one !== id));
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
      <p class="hint" id={`${path}-hint`}>{t(chosen.length ? hint.some : hint.all)}</p>
      <SaveState path={path} id={`${path}-state`} />
    </fieldset>
  );
}

const MOST_HEARTBEATS = 8;

/** Addresses that are called while all is well: who is not called any more raises the alarm. */
export function Heartbeats() {
  const known = settings.value?.heartbeats ?? [];
  const { change, fault } = useDeed();
  const add = () => change(() => changeSettings({ heartbeats: [{ id: freeId("heartbeat", known.map(({ id }) => id)) }] }));
  return (
    <section class="panel settings-group" aria-labelledby="settings-heartbeats">
      <h2 id="settings-heartbeats">{t("heartbeat.title")}</h2>
      <p class="muted">{t("heartbeat.intro")}</p>
      {known.map(({ id }, index) => (
        <fieldset key={id} class="webhook">
          <legend class="unseen">{t("heartbeat.number", { number: index + 1 })}</legend>
          <div class="options"><Fields of={`heartbeats.${id}`} names={["url", "every_s", "enabled", "verify_tls"]} /></div>
          <button
            type="button" class="quiet" aria-label={t("reaction.remove_named", { what: t("heartbeat.number", { number: index + 1 }) })}
            onClick={() => change(() => ask("DELETE /api/heartbeats/{heartbeat_id}", { path: { heartbeat_id: id } }))}
          >{t("webhooks.remove")}</button>
        </fieldset>
      ))}
      {fault}
      {known.length < MOST_HEARTBEATS && <button type="button" class="quiet add-row" onClick={add}>{t("heartbeat.add")}</button>}
    </section>
  );
}
