import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { newestClap } from "../store.ts";
import { useFlash } from "../flash.ts";

const CLAP_MS = 2000;

interface Props {
  /** Also the document's title. */
  title: string;
  /** Said, not shown: where the view speaks for itself. */
  titleHidden?: boolean;
  children: ComponentChildren;
}

/** The parts of a view, a link each with its words. */
export const Tabs = ({ label, tabs, here }: { label: string; tabs: [link: string, words: string][]; here: string }) => (
  <nav aria-label={label}>{tabs.map(([link, words]) => <a key={link} href={link} aria-current={link === here ? "page" : undefined}>{words}</a>)}</nav>
);

/** Whether a view was shown before: the first one does not take the focus, it is where people begin anyway. */
let opened = false;

/** One view of the page. Its heading takes the focus when somebody comes from another view, as a new page would. */
export function View({ title, titleHidden = false, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  const clapping = useFlash(() => newestClap.value?.id, CLAP_MS);
  useLayoutEffect(() => {
    if (opened) {
      heading.current!.focus({ preventScroll: true });
      scrollTo({ top: 0 });
    }
    opened = true;
  }, []);
  useLayoutEffect(() => {
    document.title = `${clapping.value ? "👏 " : ""}${title} · ClapTrap`;
  }, [title, clapping.value]);
  return (
    <>
      <h1 class={titleHidden ? "unseen" : "view-title"} dir="auto" tabIndex={-1} ref={heading}>{title}</h1>
      {children}
    </>
  );
}
