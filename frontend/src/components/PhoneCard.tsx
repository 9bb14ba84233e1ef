import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { findMicro } from "../api.ts";
import { t } from "../i18n/index.ts";
import { link, program } from "../store.ts";
import type { Invitation } from "../wire.ts";

/** How a phone becomes a microphone: the code to scan, or what must be done first. */
export function PhoneCard() {
  const found = useSignal<Invitation | null>(null);
  const connected = link.value === "connected";
  useEffect(() => {
    if (connected) void findMicro().then((invitation) => (found.value = invitation), () => (found.value = null));
  }, [connected]);
  if (!found.value) return null;
  const { address, secure } = found.value;
  return (
    <section class="panel phone" aria-labelledby="phone-title">
      <h2 id="phone-title">{t("phone.title")}</h2>
      {address && secure ? (
        <div class="phone-way">
          <img src="api/micro/qr.svg" width="180" height="180" alt={t("phone.qr", { address })} />
          <div>
            <p>{t("phone.scan")}</p>
            <p><a href={address} dir="ltr">{address}</a></p>
            <p class="hint">{t("phone.warning")}</p>
          </div>
        </div>
      ) : (
        <div class="how">
          <p>{t(address ? "phone.insecure" : "phone.loopback")}</p>
          <code dir="ltr">{program.value} serve --host 0.0.0.0 --tls</code>
        </div>
      )}
      <p><a href="micro" target="_blank" rel="noopener">{t("phone.here")}</a></p>
    </section>
  );
}
