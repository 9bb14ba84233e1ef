import { useSignal } from "@preact/signals";
import { clock, duration, iso, score } from "../i18n/format.ts";
import { t } from "../i18n/index.ts";
import { useNewest } from "../useAnswer.ts";
import { detections, sources, type Detection } from "../store.ts";
import { DeliveryOutcome } from "./DeliveryOutcome.tsx";
import { ShowMore } from "./ShowMore.tsx";
import { SoundNames } from "./SoundNames.tsx";

const SHOWN = 8;

/** The feed: what was detected, by one source or by all, newest first, and how its deliveries went. */
export function Detections({ sourceId }: { sourceId?: string }) {
  const all = useSignal(false);
  const newest = useNewest(sourceId ?? "", SHOWN);
  const mine = sourceId ? newest : detections.value;
  const shown = all.value ? (mine ?? []) : (mine ?? []).slice(0, SHOWN);
  return (
    <section class="panel feed-panel" aria-labelledby="feed-title">
      <h2 id="feed-title">{t("feed.title")}</h2>
      {mine?.length === 0 && <p class="muted empty">{t("feed.empty")}</p>}
      {shown.length > 0 && (
        <table class={`feed ${sources.value.length > 1 && !sourceId ? "" : "feed-one-source"}`}>
          <thead>
            <tr>
              <th scope="col">{t("feed.time")}</th>
              <th scope="col" class="col-source">{t("feed.source")}</th>
              <th scope="col">{t("feed.score")}</th>
              <th scope="col" class="col-claps">{t("feed.claps")}</th>
              <th scope="col" class="col-sounds">{t("feed.sounds")}</th>
              <th scope="col" class="col-latency">{t("feed.latency")}</th>
              <th scope="col">{t("feed.delivery")}</th>
            </tr>
          </thead>
          <tbody>{shown.map((detection) => <Row key={detection.id} detection={detection} />)}</tbody>
        </table>
      )}
      <ShowMore all={all} count={mine?.length ?? 0} shown={SHOWN} />
    </section>
  );
}

function Row({ detection }: { detection: Detection }) {
  return (
    <tr>
      <td class="numbers"><time dateTime={iso(detection.timestamp)}>{clock(detection.timestamp)}</time></td>
      <td class="col-source clip" dir="auto" title={detection.sourceName}>{detection.sourceName}</td>
      <td class="numbers"><span class="score-pill">{score(detection.score)}</span></td>
      <td class="col-claps numbers"><span aria-hidden="true">👏</span> {detection.trigger || (detection.applause ? t("feed.applause") : detection.claps)}</td>
      <td class="col-sounds" dir="auto"><SoundNames labels={detection.labels} /></td>
      <td class="col-latency numbers">{duration(detection.latencyS)}</td>
      <td><DeliveryOutcome detection={detection} /></td>
    </tr>
  );
}
