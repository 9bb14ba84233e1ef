import { DelayField } from "../../components/DelayField.tsx";
import { t } from "../../i18n/index.ts";
import type { SourceSettings } from "../../types.ts";
import { WhatIf } from "../learn/WhatIf.tsx";
import { Patterns } from "./Patterns.tsx";
import { Webhooks } from "./Webhooks.tsx";

/** What a source reacts to, and what follows: a row for each webhook, "when two claps, to this address". */
export function Reactions({ source }: { source: SourceSettings }) {
  return (
    <div class="source-view">
      <Webhooks source={source} />
      <section class="panel tuning" aria-labelledby="tuning-title">
        <h2 id="tuning-title">{t("source.tuning")}</h2>
        <div class="fields">
          <Patterns source={source} />
          <DelayField path={`sources.${source.id}.delay_s`} value={source.delay_s} />
        </div>
        <WhatIf source={source} />
      </section>
    </div>
  );
}
