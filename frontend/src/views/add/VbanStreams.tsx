import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { addSource, ask, readSettings } from "../../api.ts";
import { said, t } from "../../i18n/index.ts";
import { takeOwn } from "../../offers.ts";
import type { VbanStream } from "../../wire.ts";
import { inWords } from "../../words.ts";
import { FormField } from "../../components/FormField.tsx";
import { Outcome } from "../../components/Outcome.tsx";
import { soundFormat } from "../../components/soundFormat.ts";

const EVERY_MS = 1500;
const PAUSE_MS = 800;
const PORT = "6980";

/** The streams that arrive on the network just now: one press makes a source of one. */
export function VbanStreams({ onDone }: { onDone: (name: string) => void }) {
  const streams = useSignal<VbanStream[] | null>(null);
  const problem = useSignal("");
  const refusal = useSignal(""); // stays, whatever is seen next
  const busy = useSignal(false);
  const typed = useSignal(PORT);
  const port = useSignal(PORT);

  useEffect(() => {
    const timer = setTimeout(() => (port.value = typed.value), PAUSE_MS); // each port that is asked for is opened
    return () => clearTimeout(timer);
  }, [typed.value]);

  useEffect(() => {
    let stopped = false;
    const unlessStopped = (seen: VbanStream[] | null, why: string) => {
      if (stopped) return;
      streams.value = seen;
      problem.value = why;
    };
    const look = () => ask("GET /api/vban/streams", { query: { port: port.value } }).then((seen) => unlessStopped(seen, ""), (error: unknown) => unlessStopped(null, inWords(error)));
    void look();
    const timer = setInterval(look, EVERY_MS);
    return () => {
      stopped = true;
      clearInterval(timer);
    };
  }, [port.value]);

  const take = async ({ host, stream, port }: VbanStream) => {
    busy.value = true;
    refusal.value = "";
    const name = stream.trim() || host;
    await addSource({ kind: "vban", name, input: { host, stream, port } })
      .then(readSettings)
      .then(takeOwn)
      .then(() => onDone(name), (error: unknown) => (refusal.value = inWords(error)));
    busy.value = false;
  };

  return (
    <section class="streams" aria-labelledby="streams-title">
      <h3 id="streams-title">{t("vban.seen")}</h3>
      <FormField id="streams-port" label={t("vban.port")} type="number" min="1" max="65535" step="1" value={typed.value} onType={(text) => (typed.value = text)} />
      {refusal.value && <p role="alert"><Outcome shape="cross" words={refusal.value} /></p>}
      {problem.value && <p role="alert"><Outcome shape="cross" words={problem.value} /></p>}
      {streams.value?.length === 0 && <p class="muted">{t("vban.none_seen", { port: port.value })}</p>}
      <ul>
        {streams.value?.map((seen) => (
          <li key={`${seen.host} ${seen.port} ${seen.stream}`}>
            <span>
              <strong dir="auto">{seen.stream || t("vban.nameless")}</strong>{" "}
              <span class="muted">{seen.host}{seen.rate_hz > 0 && `, ${soundFormat(seen.rate_hz, seen.channels)}`}</span>
              {seen.code && <Outcome shape="triangle" words={said(seen)} />}
            </span>
            {seen.wanted
              ? <span class="muted">{t("vban.wanted")}</span>
              : (
                <button
                  type="button" class="quiet" disabled={busy.value || seen.rate_hz === 0} onClick={() => take(seen)}
                  aria-label={t("vban.take", { stream: seen.stream || seen.host })}
                >{t("form.add")}</button>
              )}
          </li>
        ))}
      </ul>
    </section>
  );
}
