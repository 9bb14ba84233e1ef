import { historyFile } from "../../api.ts";
import { t } from "../../i18n/index.ts";
import { chosen, question } from "./filter.ts";
import { DetectionRow } from "./DetectionRow.tsx";
import { Timeline } from "./Timeline.tsx";
import { useDetections } from "./useDetections.ts";

/** The detections that fit: on a line of time, as a table, and as a file. */
export function Found({ newest }: { newest: string }) {
  const { found, failure, tell, replace, more } = useDetections(newest);
  return (
    <section class="panel" aria-labelledby="found-title">
      <h2 id="found-title">{t("history.found")}</h2>
      {failure && <p class="save-state save-refused" role="alert">{failure}</p>}
      {found?.length === 0 && <p class="muted empty">{t("history.nothing")}</p>}
      {found && found.length > 0 && (
        <>
          <Timeline events={found} />
          <table class="found">
            <thead>
              <tr>
                <th scope="col">{t("feed.time")}</th>
                <th scope="col">{t("feed.source")}</th>
                <th scope="col">{t("history.heard")}</th>
                <th scope="col">{t("feed.score")}</th>
                <th scope="col">{t("deliveries.title")}</th>
                <th><span class="unseen">{t("history.actions")}</span></th>
              </tr>
            </thead>
            <tbody>{found.map((event) => <DetectionRow key={event.id} event={event} onChange={replace} onFail={tell} />)}</tbody>
          </table>
        </>
      )}
      <div class="found-foot">
        {more && <button type="button" class="quiet more" onClick={more}>{t("history.more")}</button>}
        <p class="downloads">
          {(["csv", "jsonl"] as const).map((format) => (
            <a key={format} class="button" href={historyFile(question(chosen.value), format)} download>
              {t("history.download", { format: format === "csv" ? "CSV" : "JSON" })}
            </a>
          ))}
        </p>
      </div>
    </section>
  );
}
