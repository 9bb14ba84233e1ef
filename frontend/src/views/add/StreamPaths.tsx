import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { addSource, ask, readSettings } from "../../api.ts";
import { t } from "../../i18n/index.ts";
import { takeOwn } from "../../offers.ts";
import type { StreamPath } from "../../wire.ts";
import { inWords } from "../../words.ts";
import { Outcome } from "../../components/Outcome.tsx";

/** What MediaMTX serves, where it runs: one press makes a source of a stream. Without it, which few need, nothing is shown. */
export function StreamPaths({ onDone }: { onDone: (name: string) => void }) {
  const paths = useSignal<StreamPath[]>([]);
  const problem = useSignal("");
  const busy = useSignal(false);
  useEffect(() => {
    let gone = false;
    ask("GET /api/mediamtx/paths").then((found) => { if (!gone) paths.value = found.paths; }, () => undefined);
    return () => { gone = true; };
  }, []);
  const take = async ({ name, url }: StreamPath) => {
    busy.value = true;
    await addSource({ kind: "rtsp", name, input: { url } })
      .then(readSettings)
      .then(takeOwn)
      .then(() => onDone(name), (error: unknown) => (problem.value = inWords(error)));
    busy.value = false;
  };
  if (paths.value.length === 0) return null;
  return (
    <section class="streams" aria-labelledby="paths-title">
      <h3 id="paths-title">{t("mediamtx.title")}</h3>
      {problem.value && <p role="alert"><Outcome shape="cross" words={problem.value} /></p>}
      <ul>
        {paths.value.map((path) => (
          <li key={path.name}>
            <span>
              <strong dir="auto">{path.name}</strong>{" "}
              <span class="muted">{path.ready ? path.tracks.join(", ") : t("mediamtx.waiting")}</span>
            </span>
            {path.source_id
              ? <span class="muted">{t("mediamtx.heard")}</span>
              : <button type="button" class="quiet" disabled={busy.value} onClick={() => take(path)} aria-label={t("mediamtx.take", { name: path.name })}>{t("form.add")}</button>}
          </li>
        ))}
      </ul>
    </section>
  );
}
