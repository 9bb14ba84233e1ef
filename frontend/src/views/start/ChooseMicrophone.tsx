import { ask, inWords } from "../../api.ts";
import { DeviceChoice } from "../../components/DeviceSelect.tsx";
import { LevelMeter } from "../../components/LevelMeter.tsx";
import { Shape } from "../../components/Shape.tsx";
import { SourceState } from "../../components/SourceState.tsx";
import { said, t } from "../../i18n/index.ts";
import { failure, link, running, statuses } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";
import { openAdd } from "../add/AddDialog.tsx";

/** Which microphone; its level moves. Where it cannot, why not, and what else can be a microphone. */
export function ChooseMicrophone({ source }: { source: SourceSettings | undefined }) {
  const status = source && statuses.value[source.id];
  const live = status?.state === "live" && link.value === "connected";
  return (
    <>
      {source && source.kind === "microphone" && (
        <DeviceChoice path={`sources.${source.id}.input.device`} value={String(source.input["device"] ?? "")} explained={Boolean(status?.code)} />
      )}
      {source && source.kind !== "microphone" && <p dir="auto"><strong>{source.name}</strong></p>}
      {source && (
        <div class="step-level">
          <SourceState status={status} enabled={source.enabled} />
          {(live || !status?.code) && <LevelMeter sourceId={source.id} live={live} />}
          {live && !status.code && <p class="muted">{t("start.speak")}</p>}
          {status?.code && <p class="reason" role="status"><Shape is="triangle" /><span dir="auto">{said(status)}</span></p>}
        </div>
      )}
      {!running.value && <Stopped />}
      {!source && <p>{t("start.no_source")}</p>}
      <p><button type="button" class="quiet other-ways" onClick={openAdd}>{t("start.other_ways")}</button></p>
    </>
  );
}

function Stopped() {
  const start = () => ask("POST /api/detection/start").catch((error: unknown) => (failure.value = t("error.start", { reason: inWords(error) })));
  return <p><button type="button" class="quiet" onClick={start}>{t("detection.start")}</button></p>;
}
