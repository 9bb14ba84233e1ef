import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ask } from "../api.ts";
import { useDeed } from "../deed.tsx";
import { duration } from "../i18n/format.ts";
import { type Key, language, said, t } from "../i18n/index.ts";
import type { Test, Tests } from "../wire.ts";
import { Outcome, Shape, type ShapeName } from "./Shape.tsx";

const AGAIN_MS = 250;
const shapes: Record<Test["stage"], ShapeName> = {
  waiting: "ring", running: "half", passed: "check", failed: "cross", skipped: "square",
};

/** The link that runs the service's built-in tests, and how each stands while they run. */
export function SelfTests() {
  const dialog = useRef<HTMLDialogElement>(null);
  const run = useSignal<Tests | null>(null);
  const { act, refusal, fault } = useDeed();
  const follow = (answer: () => Promise<Tests>) => void act(answer, (fresh) => (run.value = fresh));
  const start = () => follow(() => ask("POST /api/selftest"));
  useEffect(() => {
    if (!run.value?.running || refusal.value) return;
    const timer = setTimeout(() => follow(() => ask("GET /api/selftest")), AGAIN_MS);
    return () => clearTimeout(timer);
  }, [run.value, refusal.value]);
  return (
    <>
      <button type="button" class="linklike" onClick={() => { dialog.current?.showModal(); start(); }}>{t("selftest.open")}</button>
      <dialog ref={dialog} class="panel selftest" aria-labelledby="selftest-title">
        <h2 id="selftest-title">{t("selftest.title")}</h2>
        <p class="muted">{t("selftest.detail")}</p>
        {fault}
        {run.value && <Summary run={run.value} />}
        {run.value && <ul>{run.value.tests.map((test) => <OneTest key={test.id} test={test} />)}</ul>}
        <p class="form-actions">
          <button type="button" class="quiet" disabled={run.value?.running && !refusal.value} onClick={start}>{t("selftest.again")}</button>
          <button type="button" class="quiet" autofocus onClick={() => dialog.current?.close()}>{t("selftest.close")}</button>
        </p>
      </dialog>
    </>
  );
}

function Summary({ run }: { run: Tests }) {
  const count = (stage: Test["stage"]) => run.tests.filter((test) => test.stage === stage).length;
  const all = run.tests.length;
  const [passed, failed] = [count("passed"), count("failed")];
  if (run.running) return <p role="status">{t("selftest.running", { done: passed + failed + count("skipped"), all })}</p>;
  return (
    <p role="status">
      {failed ? <Outcome shape="cross" words={t("selftest.failed", { failed, all })} /> : <Outcome shape="check" words={t("selftest.passed", { passed, all })} />}
    </p>
  );
}

function OneTest({ test }: { test: Test }) {
  const french = language.value === "fr";
  return (
    <li data-stage={test.stage}>
      <Shape is={shapes[test.stage]} />
      <span>
        <span class="muted">{french ? test.area_fr : test.area_en} · </span>
        {french ? test.title_fr : test.title_en}
        {test.stage === "failed" && <span class="reason" dir="auto">{said(test)}</span>}
      </span>
      <span class="muted numbers">
        {t(`selftest.stage.${test.stage}` satisfies Key)}
        {test.took_s > 0 && ` · ${duration(test.took_s)}`}
      </span>
    </li>
  );
}
