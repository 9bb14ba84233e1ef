import { useComputed } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { DayBars, Glow, LastClap } from "../../components/Heard.tsx";
import { LevelMeter } from "../../components/LevelMeter.tsx";
import { Shape } from "../../components/Shape.tsx";
import { isOn, Sound, ThresholdField, thresholdOf } from "../../components/Sound.tsx";
import { SourceCard, SourceHead } from "../../components/Source.tsx";
import { SourceIcon, SourceState } from "../../components/SourceState.tsx";
import { said, t } from "../../i18n/index.ts";
import { useSteady } from "../../press.ts";
import { go, linkTo, route } from "../../route.ts";
import { isAdding, isBroken, opened, sources, statusOf } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";
import { LearningPanel } from "../learn/LearningPanel.tsx";
import { PatternPresets } from "../reactions/Patterns.tsx";
import { broken, folded, isFew, type Room, rooms } from "./rooms.ts";

/** All sources, room by room. */
export function Wall() {
  if (opened.value && sources.value.length === 0) return <button type="button" class="quiet add-row" onClick={() => (isAdding.value = true)}>{t("add.open")}</button>;
  if (isFew.value) return <div class="cards">{sources.value.map((source) => <SourceCard key={source.id} source={source} />)}</div>;
  if (rooms.value.length === 1) return <Tiles of={rooms.value[0]!} />;
  return <>{rooms.value.map((room) => <Folding key={room.name} room={room} />)}</>;
}

const Tiles = ({ of }: { of: Room }) => <div class="tiles">{useSteady(of.sources, ({ id }) => id).map((source) => <Tile key={source.id} source={source} />)}</div>;

function Folding({ room }: { room: Room }) {
  const { name } = room;
  const failing = room.sources.filter(({ id }) => broken.value.some((one) => one.id === id)).length;
  const isFolded = folded.value.includes(name);
  const fold = (event: Event) => { // at the press: the browser's toggle event comes later, and not at all where the page is left
    event.preventDefault();
    folded.value = isFolded ? folded.value.filter((one) => one !== name) : [...folded.value, name];
  };
  return (
    <details class="room" open={!isFolded}>
      <summary onClick={fold}>
        <h2 dir="auto">{name || t("room.none")}</h2>
        <span class="muted">{t("room.sources", { count: room.sources.length })}</span>
        {failing > 0 && <span class="room-broken">{t("home.broken", { count: failing })}</span>}
      </summary>
      <Tiles of={room} />
    </details>
  );
}

/** A source of the wall, close up beside it: what it hears, and what is tuned most often. */
export function Beside({ id }: { id: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const source = sources.value.find((one) => one.id === id);
  useLayoutEffect(() => heading.current?.focus({ preventScroll: true }), [id]);
  const close = () => {
    go(linkTo.house);
    requestAnimationFrame(() => document.querySelector<HTMLElement>(`.tile a[href="${linkTo.at(id)}"]`)?.focus());
  };
  if (!source) return null;
  return (
    <aside class="panel beside" aria-labelledby="beside-title" onKeyDown={(event) => event.key === "Escape" && close()}>
      <SourceHead source={source} heading={<h2 id="beside-title" dir="auto" tabIndex={-1} ref={heading}>{source.name}</h2>} />
      <button type="button" class="quiet icon-only beside-close" aria-label={t("beside.close")} onClick={close}><Shape is="cross" /></button>
      {isOn(source) && <Sound source={source} />}
      {isOn(source) && <ThresholdField path={`sources.${id}.threshold`} value={thresholdOf(source)} brief />}
      <PatternPresets source={source} />
      <p class="beside-links">
        <a href={linkTo.source(id, "reactions")}>{t("source.tab.reactions")}</a>
        <a href={linkTo.source(id, "source")}>{t("source.tab.source")}</a>
        <LastClap sourceId={id} />
      </p>
      <LearningPanel sourceId={id} brief />
    </aside>
  );
}

/** One source on the wall: how it is, how loud, its day and its last clap; all of it leads to the source. */
export function Tile({ source }: { source: SourceSettings }) {
  const { id, name, enabled } = source;
  const status = useComputed(() => statusOf(id)).value; // another's does not draw it again
  const reason = enabled && status?.code ? said(status) : "";
  const broken = isBroken(source, status);
  return (
    <article class={`tile ${broken ? "tile-broken" : ""} ${enabled ? "" : "tile-off"}`} aria-label={name}>
      <Glow sourceId={id} />
      <SourceIcon kind={source.kind} />
      <h3 class="clip" dir="auto" title={name}><a href={linkTo.at(id)} aria-current={route.value.id === id ? "true" : undefined}>{name}</a></h3>
      <SourceState source={source} status={status} />
      {reason
        ? <p class="tile-reason clip" dir="auto" title={reason}>{reason}</p>
        : <LevelMeter sourceId={id} live={enabled && status?.state === "live"} />}
      <DayBars sourceId={id} />
      <p class="tile-foot">
        <LastClap sourceId={id} />
        {broken && <a class="mend" href={linkTo.source(id, "source")} aria-label={t("tile.mend_named", { name })}>{t("tile.mend")}</a>}
      </p>
    </article>
  );
}
