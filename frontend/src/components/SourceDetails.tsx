import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { readSource } from "../api.ts";
import { clock, duration, iso } from "../i18n/format.ts";
import { t } from "../i18n/index.ts";
import { figures, statuses } from "../store.ts";
import type { SourceCounts } from "../wire.ts";
import { inWords } from "../words.ts";
import { Shape } from "./Shape.tsx";

const HOP_S = 0.02;
const AGAIN_MS = 2000;

/** Said on the card itself, for the person must do something about it: sound was lost because the machine is too slow. */
export function LostSound({ sourceId }: { sourceId: string }) {
  const lost_s = lost(sourceId);
  if (!lost_s) return null;
  return <p class="reason" role="status"><Shape is="triangle" /><span>{t("details.overloaded", { lost: duration(lost_s) })}</span></p>;
}

/** What happened to a source since the service began; asked for only while it is open. */
export function SourceDetails({ sourceId, name }: { sourceId: string; name: string }) {
  const open = useSignal(false);
  return (
    <details class="details" onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary aria-label={t("details.open_named", { name })}>{t("details.open")}</summary>
      {open.value && <Figures sourceId={sourceId} />}
    </details>
  );
}

function Figures({ sourceId }: { sourceId: string }) {
  const counts = useSignal<SourceCounts | null>(null);
  const refusal = useSignal("");
  useEffect(() => {
    const ask = () =>
      readSource(sourceId).then(
        (source) => { counts.value = source.counts; refusal.value = ""; },
        (error: unknown) => (refusal.value = inWords(error)),
      );
    void ask();
    const again = setInterval(ask, AGAIN_MS);
    return () => clearInterval(again);
  }, [sourceId]);
  const { last_heard: heardAt, missing_hops: missing = 0 } = figures.get(sourceId) ?? {};
  return (
    <>
      {refusal.value && <p class="muted" role="status">{refusal.value}</p>}
      <dl>
        <dt>{t("details.last_heard")}</dt>
        <dd>{heardAt ? <time dateTime={iso(heardAt)}>{clock(heardAt)}</time> : t("details.never")}</dd>
        <dt>{t("details.retries")}</dt><dd>{counts.value?.retries ?? "…"}</dd>
        <dt>{t("details.missing")}</dt><dd>{duration(missing * HOP_S)}</dd>
        <dt>{t("details.lost")}</dt><dd>{duration(lost(sourceId))}</dd>
        <dt>{t("details.claps")}</dt><dd>{counts.value?.claps ?? "…"}</dd>
        {!!counts.value?.vetoed && <><dt>{t("details.vetoed")}</dt><dd>{counts.value.vetoed}</dd></>}
        <dt>{t("details.detections")}</dt><dd>{counts.value?.detections ?? "…"}</dd>
      </dl>
    </>
  );
}

const lost = (sourceId: string) => (statuses.value[sourceId]?.dropped_hops ?? 0) * HOP_S;
