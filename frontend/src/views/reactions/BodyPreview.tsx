import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { previewWebhook } from "../../api.ts";
import { Outcome } from "../../components/Outcome.tsx";
import { type Key, language, said, t } from "../../i18n/index.ts";
import { drafts } from "../../saving.ts";
import { detections } from "../../store.ts";
import { useAnswer } from "../../useAnswer.ts";

const PAUSE_MS = 300;

interface Props {
  sourceId: string;
  /** Whose last detection is shown; the template's is beside its field already where it is refused. */
  templatePath: string;
  typed: { method: string; content_type: string; template: string };
}

/** What would be sent, while the template is typed: for the source's last detection, or an example of any kind. */
export function BodyPreview({ sourceId, templatePath, typed }: Props) {
  const asked = useSignal(typed);
  const which = useSignal(0);
  useEffect(() => {
    const timer = setTimeout(() => (asked.value = typed), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed.method, typed.content_type, typed.template]);
  const newest = detections.value.find((detection) => detection.sourceId === sourceId)?.id;
  const { answer, failure } = useAnswer(() => previewWebhook(asked.value, sourceId), [asked.value, newest, language.value]).value;
  const samples = answer?.samples ?? [];
  const shown = samples[which.value] ?? samples[0];
  const isSaid = drafts.value[templatePath]?.state === "refused";
  const id = `${templatePath}-preview`;
  return (
    <div class="field preview">
      <div class="field-head">
        <label for={id}>{t("preview.title")}</label>
        <select id={id} onChange={(event) => (which.value = event.currentTarget.selectedIndex)}>
          {samples.map((sample, index) => (
            <option key={index} selected={sample === shown}>{t(sample.real ? "preview.real" : `preview.${sample.event}` satisfies Key)}</option>
          ))}
        </select>
      </div>
      {failure && <p role="status">{isSaid ? t("preview.none") : <Outcome shape="cross" words={failure} />}</p>}
      {!failure && shown?.code && <p role="status"><Outcome shape="cross" words={said(shown)} /></p>}
      {!failure && shown && !shown.code && <pre dir="ltr" tabIndex={0} role="group" aria-label={t("preview.body")}>{shown.body}</pre>}
      <p class="hint">{t("preview.hint", { type: answer?.content_type ?? "", bytes: new TextEncoder().encode(shown?.body ?? "").length })}</p>
    </div>
  );
}
