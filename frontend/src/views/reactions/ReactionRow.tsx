import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { ask, changeSettings } from "../../api.ts";
import { useDeed } from "../../deed.tsx";
import { t } from "../../i18n/index.ts";
import { notifyName, placeOf } from "../../receivers.ts";
import { linkTo } from "../../route.ts";
import { settings, sources } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";
import type { WebhookSettings } from "../../wire.ts";
import { Rhythm } from "./Lesson.tsx";
import { patternsOf } from "./Patterns.tsx";
import { type Reaction, clapsOf, isWanted, triggersOf, wishFor } from "./reactions.ts";

interface Props {
  source: SourceSettings;
  reaction: Reaction;
  /** Drawn before the words. */
  intervals?: number[];
  isOff?: boolean;
  /** Whether it is a sound or a rhythm, which the service removes. */
  isTrigger?: boolean;
  onRemove?: (() => void) | undefined;
  /** How it is tuned. */
  children?: ComponentChildren;
}

/** "When [2 claps] → [webhook]": what is reacted to, behind it how it is tuned, and who gets it. */
export function ReactionRow({ source, reaction, intervals, isOff = false, isTrigger = false, onRemove, children }: Props) {
  const open = useSignal(false);
  const { change, fault } = useDeed();
  const isCalled = (webhook: WebhookSettings, one = reaction) => webhook.enabled && isWanted(webhook, one);
  const toggle = ({ id }: WebhookSettings, on: boolean) => change(() => { // in its turn, of what has come of the changes before
    const now = sources.value.find((one) => one.id === source.id) ?? source;
    const webhook = now.webhooks.find((one) => one.id === id)!;
    const wish = wishFor([...clapsOf(now, patternsOf(now)), ...triggersOf(now)], (one) => (one.what === reaction.what ? on : isCalled(webhook, one)));
    return changeSettings({ sources: [{ id: source.id, webhooks: [{ id, enabled: wish !== null, ...wish }] }] });
  });
  const remove = onRemove ?? (isTrigger ? () => void change(() => ask("DELETE /api/sources/{source_id}/triggers/{trigger_id}", { path: { source_id: source.id, trigger_id: String(reaction.what) } })) : undefined);
  const leave = () => {
    document.querySelector<HTMLElement>(".reaction-more button")?.focus(); // the button goes, the focus does not
    remove!();
  };
  return (
    <fieldset class={`reaction ${isOff ? "reaction-off" : ""}`}>
      <legend class="unseen">{t("reaction.named", { what: reaction.words })}</legend>
      <span class="reaction-when">
        <span class="muted" aria-hidden="true">{t("reaction.when")}</span>
        {children
          ? <button type="button" class="quiet what" aria-expanded={open.value} onClick={() => (open.value = !open.value)}>{intervals && <Rhythm intervals={intervals} />}<span dir="auto">{reaction.words}</span></button>
          : <span class="what" dir="auto">{reaction.words}</span>}
      </span>
      <span class="reaction-then">
        <span class="muted" aria-hidden="true">→</span>
        {source.webhooks.map((webhook, index) => (
          <label key={webhook.id} class="check receiver-check" title={webhook.url}>
            <input type="checkbox" checked={isCalled(webhook)} onChange={(event) => toggle(webhook, event.currentTarget.checked)} />
            <span>{t("webhooks.number", { number: index + 1 })} <span class="muted clip">{placeOf(webhook.url, source) || t("reaction.no_address")}</span></span>
          </label>
        ))}
        <Elsewhere sourceId={source.id} reaction={reaction} />
      </span>
      {remove && <button type="button" class="quiet small" aria-label={t("reaction.remove_named", { what: reaction.words })} onClick={leave}>{t("webhooks.remove")}</button>}
      {open.value && <div class="reaction-tuning">{children}</div>}
      {fault}
    </fieldset>
  );
}

/** What else gets it, which is set up in the settings. */
function Elsewhere({ sourceId, reaction }: { sourceId: string; reaction: Reaction }) {
  const { notify = [], mqtt } = settings.value ?? {};
  const called = notify.filter((one) => one.enabled && one.url && (one.sources.length === 0 || one.sources.includes(sourceId)) && isWanted(one, reaction));
  return (
    <>
      {called.map((one) => <a key={one.id} href={linkTo.page("settings", "notify")} dir="auto">{notifyName(one)}</a>)}
      {mqtt?.enabled && <a href={linkTo.page("settings", "mqtt")}>MQTT</a>}
    </>
  );
}
