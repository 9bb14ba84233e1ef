import { useRef } from "preact/hooks";
import { access } from "../../access.ts";
import { ask } from "../../api.ts";
import { Outcome } from "../../components/Shape.tsx";
import { t } from "../../i18n/index.ts";
import { program, sources } from "../../store.ts";
import { useAnswer } from "../../useAnswer.ts";

/** How a phone becomes a microphone: the code to scan, or what must be done first; and which came since this is shown. */
export function PhoneWay({ onClose }: { onClose: () => void }) {
  const { answer, failure } = useAnswer(() => ask("GET /api/micro"), []).value;
  const before = useRef(new Set(sources.value.map(({ id }) => id)));
  const joined = sources.value.filter(({ id, kind }) => kind === "browser" && !before.current.has(id));
  const { address, secure } = answer ?? { address: null, secure: false };
  return (
    <section class="phone" aria-label={t("phone.title")}>
      {failure && <p role="alert"><Outcome shape="cross" words={failure} /></p>}
      {address && secure && (
        <div class="phone-way">
          <img src="api/micro/qr.svg" width="180" height="180" alt={t("phone.qr", { address })} />
          <div>
            <p>{t("phone.scan")}</p>
            <p><a href={address} dir="ltr">{address}</a></p>
            <p class="hint">{t("phone.warning")}</p>
          </div>
        </div>
      )}
      {answer && !(address && secure) && (
        <div class="how">
          <p>{t(access.value?.ingress ? "phone.ingress" : address ? "phone.insecure" : "phone.loopback")}</p>
          {!access.value?.ingress && <code dir="ltr">{program.value} serve --host 0.0.0.0 --tls</code>}
        </div>
      )}
      <div role="status">{joined.map(({ id, name }) => <p key={id}><Outcome shape="check" words={t("add.done", { name })} /></p>)}</div>
      <p class="form-actions">
        <a class="button" href="micro" target="_blank" rel="noopener">{t("phone.here")}</a>
        <button type="button" class="quiet" onClick={onClose}>{t("selftest.close")}</button>
      </p>
    </section>
  );
}
