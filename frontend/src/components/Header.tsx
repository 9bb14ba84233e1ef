import type { ComponentChildren } from "preact";
import { type Key, t } from "../i18n/index.ts";
import { link, opened } from "../store.ts";
import { Shape } from "./Shape.tsx";

const shapes = { connecting: "half", connected: "disc", lost: "triangle" } as const;

/** `home` is where the name of the house leads; between it and the state of the connection stands what is given. */
export function Header({ home, children }: { home: string; children?: ComponentChildren }) {
  const state = link.value;
  const isLost = opened.value && state === "lost";
  return (
    <header class="top">
      <a class="brand" href={home} aria-label={t("nav.home")}>
        <Logo />
        ClapTrap
      </a>
      {children}
      <p class={`link link-${state}`} role={isLost ? "alert" : "status"}>
        <Shape is={shapes[state]} />
        {t(isLost ? "link.lost_long" : (`link.${state}` satisfies Key))}
      </p>
    </header>
  );
}

function Logo() {
  return (
    <svg class="logo" viewBox="0 0 64 64" aria-hidden="true">
      <path d="M12 27v10M22 20v24M42 22v20M52 28v8" />
      <path class="logo-clap" d="M32 11v42" />
    </svg>
  );
}
