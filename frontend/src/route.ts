// Which view is shown: the part of the address behind the #, so that the service serves one document and "back" works.
import { computed, signal } from "@preact/signals";

export type ViewName = "house" | "source" | "calibrate" | "history" | "settings" | "start";

export interface Route {
  view: ViewName;
  /** The source of the views "source" and "calibrate", the page of "settings"; else empty. */
  id: string;
}

const address = signal(location.hash);
addEventListener("hashchange", () => (address.value = location.hash));

export const route = computed<Route>(() => parse(address.value));

/** How a link to a view is written. */
export const linkTo = {
  house: "#/",
  history: "#/history",
  settings: "#/settings",
  settingsPage: (id: string) => `#/settings/${id}`,
  start: "#/start",
  source: (id: string) => `#/source/${encodeURIComponent(id)}`,
  calibrate: (id: string) => `#/calibrate/${encodeURIComponent(id)}`,
};

/** Goes to a view as a link would; `replacing` leaves no step to go back to. */
export function go(link: string, replacing = false): void {
  if (replacing) history.replaceState(null, "", link);
  else location.hash = link;
  address.value = link; // hashchange comes later, or not at all
}

/** What is not understood is the house: an old bookmark is no dead end. */
export function parse(hash: string): Route {
  const [view = "", id = ""] = hash.replace(/^#\/?/, "").split("/");
  if ((view === "source" || view === "calibrate") && id) return { view, id: decoded(id) };
  if (view === "settings") return { view, id };
  return view === "history" || view === "start" ? { view, id: "" } : { view: "house", id: "" };
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id; // no source has such an id: its view says so
  }
}
