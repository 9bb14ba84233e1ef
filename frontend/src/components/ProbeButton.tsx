import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { ask, inWords } from "../api.ts";
import { decimal } from "../i18n/format.ts";
import { said, t } from "../i18n/index.ts";
import type { Input } from "../types.ts";
import type { Probed } from "../wire.ts";
import { soundFormat } from "./kinds.ts";
import { Outcome } from "./Shape.tsx";

/** Asks a camera what it gives, before anything is saved, and says it, or why it cannot be heard; until something else is typed. */
export function ProbeButton({ input, sourceId }: { input: Input; sourceId: string }) {
  const asking = useSignal(false);
  const found = useSignal<Probed | null>(null);
  const refusal = useSignal("");

  const typed = JSON.stringify(input);
  const newest = useRef(typed);
  const forget = () => {
    found.value = null;
    refusal.value = "";
  };
  useLayoutEffect(() => {
    newest.current = typed;
    forget();
  }, [typed]);

  const probe = async () => {
    forget();
    asking.value = true;
    const isOfThis = () => newest.current === typed;
    await ask("POST /api/probe/rtsp", { body: { input, source_id: sourceId } }).then(
      (answer) => isOfThis() && (found.value = answer),
      (error: unknown) => isOfThis() && (refusal.value = inWords(error)),
    );
    asking.value = false;
  };

  return (
    <div class="field probe">
      <button type="button" class="quiet" disabled={asking.value || !input["url"]} onClick={probe}>{t("probe.button")}</button>
      <p class="hint">{t("probe.hint")}</p>
      <div role="status" class="test-outcome">
        {asking.value && t("probe.asking")}
        {refusal.value && <Outcome shape="cross" words={refusal.value} />}
        {found.value && <Found probed={found.value} />}
      </div>
    </div>
  );
}

function Found({ probed }: { probed: Probed }) {
  const { rate_hz, channels, codec, level_dbfs, tracks } = probed;
  const sound = t("probe.found", { codec, format: soundFormat(rate_hz, channels), level: decimal(level_dbfs, 0) });
  return (
    <>
      {probed.code ? <Outcome shape="triangle" words={said(probed)} /> : <Outcome shape="check" words={sound} />}
      {tracks.length > 1 && (
        <p>{t("probe.tracks", { tracks: tracks.map((track) => `${track.number}: ${track.codec}`).join(", ") })}</p>
      )}
    </>
  );
}
