import type { ComponentChildren } from "preact";
import { type Key, t } from "../i18n/index.ts";
import { linkTo, route, type ViewName } from "../route.ts";
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

const PLACES = ["house", "history", "settings"] as const satisfies ViewName[];

const drawings: Record<(typeof PLACES)[number], string> = {
  house: "M4 11.5 12 4l8 7.500M6 10v9h4v-5h4v5h4v-9",
  history: "M12 7.500V12l3 2M4 12a8 8 0 1 0 2.600-5.900L4 8.500M4 4v4.500h4.500",
  settings: "M4 7h9M17 7h3M15 5v4M4 12h3M11 12h9M9 10v4M4 17h11M19 17h1M17 15v4",
};

/** The way to every view; on a phone at the bottom, under the thumb. */
export function Nav() {
  const { view } = route.value;
  const here = view === "source" || view === "at" ? "house" : view;
  return (
    <nav class="nav" aria-label={t("nav.title")}>
      <ul>
        {PLACES.map((place) => (
          <li key={place}>
            <a href={linkTo[place]} aria-current={place === here ? "page" : undefined}>
              <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d={drawings[place]} /></svg>
              {t(`view.${place}` satisfies Key)}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
