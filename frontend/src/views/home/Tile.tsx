import { DayBars, Glow, LastClap } from "../../components/LastClap.tsx";
import { LevelMeter } from "../../components/LevelMeter.tsx";
import { isHeard } from "../../components/Sound.tsx";
import { SourceIcon, SourceState } from "../../components/SourceState.tsx";
import { said, t } from "../../i18n/index.ts";
import { linkTo, route } from "../../route.ts";
import { isBroken, isCurrent, statuses } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";

/** One source on the wall: how it is, how loud, its day and its last clap; all of it leads to the source. */
export function Tile({ source }: { source: SourceSettings }) {
  const { id, name, enabled } = source;
  const status = statuses.value[id];
  const reason = enabled && isCurrent.value && status?.code ? said(status) : "";
  const broken = isCurrent.value && isBroken(source);
  return (
    <article class={`tile ${broken ? "tile-broken" : ""} ${enabled ? "" : "tile-off"}`} aria-label={name}>
      <Glow sourceId={id} />
      <SourceIcon kind={source.kind} />
      <h3 class="clip" dir="auto" title={name}><a href={linkTo.at(id)} aria-current={route.value.id === id ? "true" : undefined}>{name}</a></h3>
      <SourceState status={status} enabled={enabled} />
      {reason
        ? <p class="tile-reason clip" dir="auto" title={reason}>{reason}</p>
        : <LevelMeter sourceId={id} live={enabled && isHeard(id)} />}
      <DayBars sourceId={id} />
      <p class="tile-foot">
        <LastClap sourceId={id} />
        {broken && <a class="mend" href={linkTo.source(id, "source")} aria-label={t("tile.mend_named", { name })}>{t("tile.mend")}</a>}
      </p>
    </article>
  );
}
