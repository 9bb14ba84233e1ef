import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { isKey, type Key, t } from "../i18n/index.ts";

interface Props {
  label: string;
  /** What stands on the button, and its class. */
  sign?: ComponentChildren;
  kind?: "menu" | "help" | "problems";
  children: ComponentChildren;
}

/** Something behind a button; it closes when something in it was chosen, or by looking elsewhere. */
export function Menu({ label, sign = "⋯", kind = "menu", children }: Props) {
  const box = useRef<HTMLDetailsElement>(null);
  const fit = () => box.current?.open && keepInside(box.current.lastElementChild as HTMLElement);
  useEffect(() => {
    const close = ({ target }: Event) => {
      if (box.current?.open && !box.current.contains(target as Node)) box.current.open = false;
    };
    const events = [["pointerdown", close], ["focusin", close], ["resize", fit]] as const;
    events.forEach(([name, then]) => addEventListener(name, then));
    return () => events.forEach(([name, then]) => removeEventListener(name, then));
  }, []);
  const leave = () => {
    box.current!.open = false;
    box.current!.querySelector("summary")!.focus();
  };
  const choose = ({ target }: Event) => (target as Element).closest("button, a") && !(target as Element).closest("dialog, [data-asks]") && leave();
  return (
    <details class={kind} ref={box} onToggle={fit} onKeyDown={(event) => event.key === "Escape" && leave()}>
      <summary aria-label={label} title={label}>{sign}</summary>
      <div class="panel" onClick={choose}>{children}</div>
    </details>
  );
}

const MARGIN_PX = 8;

/** Moves what was opened sideways into what scrolls around it, or else the window, and that far enough to show all of it. */
function keepInside(panel: HTMLElement): void {
  panel.style.translate = "0";
  const { left, right } = (panel.closest("dialog, aside, .activity") ?? document.documentElement).getBoundingClientRect();
  const place = panel.getBoundingClientRect();
  panel.style.translate = `${Math.max(left + MARGIN_PX - place.left, Math.min(0, right - MARGIN_PX - place.right))}px`;
  panel.scrollIntoView({ block: "nearest" });
}

/** What a term means, behind a question mark; nothing where there are no such words (`TERM_help`). */
export function Help({ about }: { about: Key }) {
  const key = `${about}_help`;
  return isKey(key) ? <Menu kind="help" label={t("help.about", { term: t(about) })} sign="?"><p>{t(key)}</p></Menu> : null;
}

/** A heading with what its term means beside it, which is no part of its name; `about` is the term where it is called otherwise. */
export const Title = ({ of, id, is: Tag = "h2", about = of }: { of: Key; id?: string; is?: "h2" | "h3"; about?: Key }) => <div class="label-row"><Tag id={id}>{t(of)}</Tag><Help about={about} /></div>;

interface AskFirstProps {
  label: string;
  /** The label where several such buttons stand together. */
  named?: string;
  /** Above the question. */
  title?: string;
  question: string;
  /** The word that does it. */
  sure?: string;
  onSure: () => void;
}

/** A button that asks before it does what it says. */
export function AskFirst({ label, named = label, title, question, sure = label, onSure }: AskFirstProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  return (
    <>
      <button type="button" class="quiet" data-asks aria-label={named} onClick={() => dialog.current?.showModal()}>{label}</button>
      <dialog class="panel" ref={dialog} aria-label={title ?? named}>
        {title && <h2 dir="auto">{title}</h2>}
        <p>{question}</p>
        <p class="form-actions">
          <button type="button" class="quiet" autofocus onClick={() => dialog.current?.close()}>{t("form.cancel")}</button>
          <button type="button" class="remove" onClick={() => { dialog.current?.close(); onSure(); }}>{sure}</button>
        </p>
      </dialog>
    </>
  );
}

/** Under a long list: all of it, or the newest only. */
export function ShowMore({ all, count, shown }: { all: Signal<boolean>; count: number; shown: number }) {
  if (count <= shown) return null;
  return (
    <button type="button" class="quiet more" aria-expanded={all.value} onClick={() => (all.value = !all.value)}>
      {all.value ? t("feed.less") : t("feed.more", { count })}
    </button>
  );
}
