// Which view is shown: the part of the address behind the #, so that the service serves one document and "back" works.
import { computed, signal } from "@preact/signals";

const VIEWS = ["house", "at", "source", "calibrate", "history", "settings", "start", "kiosk"] as const;
export type ViewName = (typeof VIEWS)[number];

export interface Route {
  view: ViewName;
  /** The source of the views "at", "source" and "calibrate", the page of "settings" and "history"; else empty. */
  id: string;
  /** The tab of a source; else empty. */
  tab: string;
}

const address = signal(location.hash);
addEventListener("hashchange", () => (address.value = location.hash));

export const route = computed<Route>(() => parse(address.value));

/** How a link to a view is written. */
export const linkTo = {
  house: "#/",
  history: "#/history",
  settings: "#/settings",
  page: (of: "history" | "settings", id: string) => `#/${of}${id && `/${id}`}`,
  start: "#/start",
  kiosk: "#/kiosk",
  /** The house with a source beside it. */
  at: (id: string) => `#/at/${encodeURIComponent(id)}`,
  source: (id: string, tab = "") => `#/source/${encodeURIComponent(id)}${tab && `/${tab}`}`,
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
  const [name = "", id = "", tab = ""] = hash.replace(/^#\/?/, "").split("/").map(decoded);
  const view = VIEWS.find((one) => one === name) ?? "house";
  const isOfSource = view === "at" || view === "source" || view === "calibrate";
  return isOfSource && !id ? { view: "house", id: "", tab: "" } : { view, id, tab };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // nothing has such a name: its view says so
  }
}
