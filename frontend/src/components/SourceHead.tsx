import type { ComponentChildren } from "preact";
import { said, t } from "../i18n/index.ts";
import { edit } from "../saving.ts";
import { link, statuses } from "../store.ts";
import type { SourceSettings } from "../types.ts";
import { SaveState } from "./Field.tsx";
import { Shape } from "./Shape.tsx";
import { LostSound } from "./SourceDetails.tsx";
import { SourceIcon, SourceState } from "./SourceState.tsx";
import { Switch } from "./Control.tsx";
import { kindName, soundFormat } from "./kinds.ts";

/** What stands above a source, wherever it is shown whole: what it is, how it is, its switch, and what is wrong. */
export function SourceHead({ source, heading }: { source: SourceSettings; heading?: ComponentChildren }) {
  const path = `sources.${source.id}`;
  const status = statuses.value[source.id];
  return (
    <>
      <header class="source-head">
        <SourceIcon kind={source.kind} />
        <div class="source-title">
          {heading}
          <SourceState status={status} enabled={source.enabled} />
          <SaveState path={`${path}.enabled`} id={`${path}.enabled-state`} />
          <p class="muted clip">{kindName(source.kind)}{status?.state === "live" && status.rate_hz > 0 && `, ${soundFormat(status.rate_hz, status.channels)}`}{status?.node && `, ${t("nodes.heard_by", { node: status.node })}`}</p>
        </div>
        <Switch
          hidden id={`${path}.enabled`}
          checked={source.enabled}
          label={t("source.switch", { name: source.name })}
          onChange={(enabled) => edit(`${path}.enabled`, enabled, 0)}
        />
      </header>
      {source.enabled && status?.code && link.value !== "lost" && <p class="reason" role="status"><Shape is="triangle" /><span dir="auto">{said(status)}</span></p>}
      {source.enabled && <LostSound sourceId={source.id} />}
    </>
  );
}
