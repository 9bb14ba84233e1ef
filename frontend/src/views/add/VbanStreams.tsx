import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { addSource, ask } from "../../api.ts";
import { Title } from "../../components/Buttons.tsx";
import { FormField } from "../../components/FormField.tsx";
import { Outcome } from "../../components/Shape.tsx";
import { soundFormat } from "../../components/kinds.ts";
import { said, t } from "../../i18n/index.ts";
import { useDeed } from "../../deed.tsx";
import { devicesOf } from "../../nodes.ts";
import { useSteady } from "../../press.ts";
import { useAnswer } from "../../useAnswer.ts";
import type { StreamPath, VbanStream } from "../../wire.ts";

const EVERY_MS = 1500;
const EVERY_NODE_MS = 10_000; // it has five seconds to answer
const PAUSE_MS = 800;
const PORT = "6980";

/** The streams that arrive just now, here or at a node: one press makes a source of one. */
export function VbanStreams({ node, onDone }: { node: string; onDone: (name: string) => void }) {
  const { change, busy, fault } = useDeed(); // its refusal stays, whatever is seen next
  const typed = useSignal(PORT);
  const port = useSignal(PORT);

  useEffect(() => {
    const timer = setTimeout(() => (port.value = typed.value), PAUSE_MS); // each port that is asked for is opened
    return () => clearTimeout(timer);
  }, [typed.value]);

  const look = () => (node ? devicesOf(node).then(({ vban }) => vban) : ask("GET /api/vban/streams", { query: { port: port.value } }));
  const { answer, failure } = useAnswer(look, [port.value], node ? EVERY_NODE_MS : EVERY_MS).value;
  const streams = failure ? null : answer;
  const steady = useSteady(streams ?? [], ({ host, port: from, stream }) => `${host} ${from} ${stream}`);
  const take = ({ host, stream, port: from }: VbanStream) => {
    const name = stream.trim() || host;
    void change(() => addSource({ kind: "vban", name, input: { host, stream, port: from }, ...(node && { node }) }), () => onDone(name));
  };

  return (
    <section class="streams" aria-labelledby="streams-title">
      <Title id="streams-title" of="vban.seen" is="h3" />
      {!node && <FormField id="streams-port" label={t("vban.port")} type="number" min="1" max="65535" step="1" value={typed.value} onType={(text) => (typed.value = text)} />}
      {fault}
      {failure && <p role="alert"><Outcome shape="cross" words={failure} /></p>}
      <ul class="streams-seen">
        {streams?.length === 0 && <li class="muted">{t(node ? "vban.none_at" : "vban.none_seen", { node, port: port.value })}</li>}
        {steady.map((seen) => (
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
                  type="button" class="quiet" disabled={busy || seen.rate_hz === 0} onClick={() => take(seen)}
                  aria-label={t("vban.take", { stream: seen.stream || seen.host })}
                >{t("form.add")}</button>
              )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What MediaMTX serves, where it runs: one press makes a source of a stream. Without it, which few need, nothing is shown. */
export function StreamPaths({ onDone }: { onDone: (name: string) => void }) {
  const { change, busy, fault } = useDeed();
  const { paths = [] } = useAnswer(() => ask("GET /api/mediamtx/paths"), []).value.answer ?? {};
  const take = ({ name, url }: StreamPath) => change(() => addSource({ kind: "rtsp", name, input: { url } }), () => onDone(name));
  if (paths.length === 0) return null;
  return (
    <section class="streams" aria-labelledby="paths-title">
      <h3 id="paths-title">{t("mediamtx.title")}</h3>
      {fault}
      <ul>
        {paths.map((path) => (
          <li key={path.name}>
            <span>
              <strong dir="auto">{path.name}</strong>{" "}
              <span class="muted">{path.ready ? path.tracks.join(", ") : t("mediamtx.waiting")}</span>
            </span>
            {path.source_id
              ? <span class="muted">{t("mediamtx.heard")}</span>
              : <button type="button" class="quiet" disabled={busy} onClick={() => take(path)} aria-label={t("mediamtx.take", { name: path.name })}>{t("form.add")}</button>}
          </li>
        ))}
      </ul>
    </section>
  );
}
