import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type Key, said, t } from "../i18n/index.ts";
import { type Offer } from "../offers.ts";
import { notifyName, notifyTarget } from "../receivers.ts";
import { linkTo, route, type ViewName } from "../route.ts";
import { inOneLine } from "../steps.ts";
import { attempts, failure, isCurrent, link, offer, opened, problems, settings, sources } from "../store.ts";
import { undo, undoByKey } from "../undo.ts";
import type { Attempt } from "../wire.ts";
import { Menu } from "./Buttons.tsx";
import { Shape } from "./Shape.tsx";

const shapes = { connecting: "half", connected: "disc", lost: "triangle" } as const;

/** `home` is where the name of the house leads; between it and the state of the connection stands what is given. */
export function Header({ home, children }: { home: string; children?: ComponentChildren }) {
  const state = link.value;
  const isLost = opened.value && state === "lost";
  return (
    <header class="top">
      <a class="brand" href={home} aria-label={t("nav.home")}>
        <svg class="logo" viewBox="0 0 64 64" aria-hidden="true"><path d="M12 27v10M22 20v24M42 22v20M52 28v8" /><path class="logo-clap" d="M32 11v42" /></svg>
        ClapTrap
      </a>
      {children}
      <p class={`link link-${state}`} role={isLost ? "alert" : "status"}>
        <Shape is={shapes[state]} />
        <span class={isLost ? "if-narrow" : ""}>{t(`link.${state}` satisfies Key)}</span>{isLost && <span class="if-wide">{t("link.lost_long")}</span>}
      </p>
    </header>
  );
}

const PLACES = ["house", "history", "settings"] as const satisfies ViewName[];

const drawings: Record<(typeof PLACES)[number], string> = {
  house: "M4 11.5 12 4l8 7.500M6 10v9h4v-5h4v5h4v-9",
  history: "M12 7.500V12l3 2M4 12a8 8 0 1 0 2.600-5.900L4 8.500M4 4v4.500h4.500",
  settings: "M4 7h9M17 7h3M15 5v4M4 12h3M11 12h9M9 10v4M4 17h11M19 17h1M17 15v4",
};

/** The way to every view; on a phone at the bottom, under the thumb. */
export function Nav() {
  const { view } = route.value;
  const here = view === "source" || view === "at" ? "house" : view;
  return (
    <nav class="nav" aria-label={t("nav.title")}>
      <ul>
        {PLACES.map((place) => (
          <li key={place}>
            <a href={linkTo[place]} aria-current={place === here ? "page" : undefined}>
              <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d={drawings[place]} /></svg>
              {t(`view.${place}` satisfies Key)}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** Current problems: the first in the bar at the top, where it moves nothing; all of them behind it. */
export function Problems() {
  const known = isCurrent.value ? [...problems.value.map(said), ...deafReceivers()] : []; // without the service nobody knows
  const sentences = [...new Set([...(failure.value ? [failure.value] : []), ...known])]; // two webhooks may fail alike
  const [first, ...more] = sentences;
  if (!first) return null;
  const sign = <><Shape is="triangle" /><span class="clip" dir="auto">{first}</span>{more.length > 0 && <b class="numbers">{sentences.length}</b>}</>;
  return (
    <section class="problem-slot" aria-label={t("problems.title")}>
      <Menu kind="problems" label={t("problems.title")} sign={sign}>
        <ul>{sentences.map((sentence) => <li key={sentence} dir="auto">{sentence}</li>)}</ul>
        {failure.value && <button type="button" class="quiet small" onClick={() => (failure.value = "")}>{t("problems.dismiss")}</button>}
      </Menu>
      <div class="unseen" role="alert">{sentences.map((sentence) => <p key={sentence}>{sentence}</p>)}</div>
    </section>
  );
}

/** Receivers whose last delivery failed for good. */
function deafReceivers(): string[] {
  const webhooks = sources.value.flatMap((source) => source.webhooks.flatMap((webhook) => {
    const reason = webhook.enabled && whyGivenUp(`${source.id}.${webhook.id}`, source.name);
    return reason ? [t("problems.webhook", { source: source.name, reason })] : [];
  }));
  const services = (settings.value?.notify ?? []).flatMap((one) => {
    const reason = one.enabled && whyGivenUp(notifyTarget(one), notifyName(one));
    return reason ? [t("problems.notify", { name: notifyName(one), reason })] : [];
  });
  return [...webhooks, ...services];
}

function whyGivenUp(targetId: string, whose: string): string {
  const isOver = ({ ok, retry_in_s }: Attempt) => ok || retry_in_s === null; // while a newer one is tried, this stays said
  const last = attempts.value.find((attempt) => attempt.target_id === targetId && isOver(attempt));
  return last && !last.ok && !isSaidToBeDown(last, whose) ? said(last) : "";
}

/** Whether the service says of this receiver already that it does not answer. */
const isSaidToBeDown = ({ url }: Attempt, whose: string) =>
  problems.value.some(({ code, params }) => code === "delivery.open" && params["source"] === whose && params["url"] === url);

const SHOWN_MS = 10_000;

/**
 * What was just changed, for a while, with the way back; and the keys that go the same way at any time. Through the first
 * minute, where it would stand over the way on, only the keys.
 */
export function UndoBar() {
  const bar = useRef<HTMLDivElement>(null);
  const offered = offer.value;
  useEffect(() => {
    addEventListener("keydown", undoByKey);
    return () => removeEventListener("keydown", undoByKey);
  }, []);
  useEffect(() => {
    if (!offered) return undefined;
    const timer = setInterval(() => bar.current?.matches(":hover, :focus-within") || (offer.value = null), SHOWN_MS);
    return () => clearInterval(timer);
  }, [offered]);
  return (
    <div class="undo" role="status" ref={bar}>
      {offered && route.value.view !== "start" && <Offered {...offered} />}
    </div>
  );
}

function Offered({ kind, step, reason }: Offer) {
  return (
    <div class={`undo-bar undo-${kind}`}>
      <Shape is={kind === "refused" ? "cross" : "check"} />
      <p dir="auto">
        {kind === "refused" ? reason : <>{kind === "undone" && <b>{t("undo.undone")} </b>}{inOneLine(step.changes)}</>}
      </p>
      {kind !== "refused" && ( // one button, which keeps the focus while its word changes
        <button type="button" onClick={() => void undo(step, kind === "done" ? "undone" : "done")}>{t(kind === "done" ? "undo.undo" : "undo.redo")}</button>
      )}
      <button type="button" class="icon-only" aria-label={t("problems.dismiss")} onClick={() => (offer.value = null)}><Shape is="cross" /></button>
    </div>
  );
}
