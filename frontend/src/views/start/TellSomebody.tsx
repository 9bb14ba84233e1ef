import { WebhookField } from "../../components/WebhookField.tsx";
import { t } from "../../i18n/index.ts";
import type { SourceSettings } from "../../wire.ts";

/** An address that is told of every clap, and a test of it. */
export function TellSomebody({ source }: { source: SourceSettings | undefined }) {
  if (!source) return <p>{t("start.no_source")}</p>;
  return (
    <>
      <p class="muted">{t("start.webhook_what")}</p>
      <WebhookField source={source} />
      <p class="hint">{t("start.webhook_where")}</p>
    </>
  );
}
