import { WebhookField } from "../../components/WebhookField.tsx";
import { t } from "../../i18n/index.ts";
import { program } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";

const CHECKOUT = /\.venv\/bin\/claptrap$/; // how it is called after `make run`

/** An address that is told of every clap, and a test of it. */
export function TellSomebody({ source }: { source: SourceSettings | undefined }) {
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

/** A receiver to try it with, which whoever has ClapTrap's folder has too. */
function Example({ command }: { command: string }) {
  return (
    <div class="how">
      <p>{t("start.webhook_example")} <code class="inline" dir="ltr">http://127.0.0.1:8080/clap</code></p>
      <code dir="ltr">{command}</code>
    </div>
  );
}
