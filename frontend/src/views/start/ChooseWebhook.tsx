import { WebhookField } from "../../components/WebhookField.tsx";
import { t } from "../../i18n/index.ts";
import { program } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";

const CHECKOUT = /\.venv\/bin\/claptrap$/; // how it is called after `make run`

/** The webhook of a source, and a test of it. */
export function ChooseWebhook({ source }: { source: SourceSettings | undefined }) {
  if (!source) return <p>{t("start.no_source")}</p>;
  return (
    <>
      <p class="muted">{t("start.webhook_what")}</p>
      <WebhookField source={source} />
      <p class="hint">{t("start.webhook_where")}</p>
      {CHECKOUT.test(program.value) && <Example command={`python3 ${program.value.replace(CHECKOUT, "examples/receiver.py")}`} />}
    </>
  );
}

/** A receiver to try it with, which is in ClapTrap's folder. */
function Example({ command }: { command: string }) {
  return (
    <div class="how">
      <p>{t("start.webhook_example")} <code class="inline" dir="ltr">http://127.0.0.1:8080/clap</code></p>
      <code dir="ltr">{command}</code>
    </div>
  );
}
