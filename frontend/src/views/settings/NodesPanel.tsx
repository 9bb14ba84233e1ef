import { ask } from "../../api.ts";
import { Title } from "../../components/Buttons.tsx";
import { Shape, type ShapeName } from "../../components/Shape.tsx";
import { useDeed } from "../../deed.tsx";
import { ago, decimal, percent } from "../../i18n/format.ts";
import { isKey, t } from "../../i18n/index.ts";
import { useNodes } from "../../nodes.ts";
import { linkTo } from "../../route.ts";
import { isCurrent, nodes, now, sources } from "../../store.ts";
import type { Node } from "../../wire.ts";

const SHAPES: Record<string, ShapeName> = { ready: "disc", draining: "half", leaving: "square", lost: "cross" };
const CLASSES: Record<string, string> = { ready: "live", lost: "failed", unknown: "unknown" };
const CLOCK_S = 0.5; // from this difference on a clock is worth a word

/** The machines of the cluster: how each is, what it hears, and how to take its sources away. */
export function NodesPanel() {
  const known = useNodes();
  return (
    <section class="panel settings-group" aria-labelledby="settings-nodes">
      <Title id="settings-nodes" of="nodes.title" />
      <p class="muted">{t("nodes.intro")}</p>
      {known.length === 0 && <p>{t("nodes.none")}</p>}
      <div class="nodes">{known.map((node) => <NodeCard key={node.name} node={node} />)}</div>
    </section>
  );
}

function NodeCard({ node }: { node: Node }) {
  const { act, busy, fault } = useDeed();
  const isDraining = node.state === "draining";
  const heard = node.sources.map((id) => sources.value.find((one) => one.id === id) ?? { id, name: id });
  const state = isCurrent.value ? node.state : "unknown";
  const key = isCurrent.value ? `nodes.state.${state}` : "state.unknown";
  const drain = () => act(() => ask("POST /api/nodes/{name}/drain", { path: { name: node.name }, body: { draining: !isDraining } }), (fresh) => (nodes.value = fresh));
  return (
    <article class={`webhook node node-${state}`} aria-label={node.name}>
      <header class="title-row">
        <h3 dir="auto">{node.name}</h3>
        <span class={`state state-${CLASSES[state] ?? "retrying"}`}><Shape is={SHAPES[state] ?? "triangle"} />{isKey(key) ? t(key) : state}</span>
      </header>
      <dl class="node-figures">
        <dt>{t("nodes.load")}</dt><dd><meter min={0} max={1} high={0.8} value={Math.min(1, node.cpu)} aria-label={t("nodes.load")} /> {percent(node.cpu)}</dd>
        <dt>{t("nodes.capacity")}</dt><dd>{t("nodes.of", { count: node.sources.length, most: node.capacity })}</dd>
        <dt>{t("nodes.version")}</dt><dd>{node.version}</dd>
        <dt>{t("nodes.seen")}</dt><dd>{ago(node.seen, now.value)}</dd>
        {Math.abs(node.clock_offset_s ?? 0) >= CLOCK_S && <><dt>{t("nodes.clock")}</dt><dd>{decimal(node.clock_offset_s!, 1)} s</dd></>}
        {node.waiting_events + node.lost_events > 0 && <><dt>{t("nodes.events")}</dt><dd>{t("nodes.waiting", { waiting: node.waiting_events, lost: node.lost_events })}</dd></>}
      </dl>
      <p class="node-sources">{heard.map(({ id, name }) => <a key={id} href={linkTo.source(id)} dir="auto">{name}</a>)}</p>
      <p class="form-actions"><button type="button" class="quiet" disabled={busy || !["ready", "draining"].includes(state)} onClick={drain}>{t(isDraining ? "nodes.fill" : "nodes.drain")}</button></p>
      {fault}
    </article>
  );
}
