// What a source reacts to, one by one, and which receivers want which of it.
import { t } from "../../i18n/index.ts";
import type { SourceSettings } from "../../types.ts";
import type { PatternSettings } from "../../wire.ts";

export interface Reaction {
  /** A number of claps, "applause", or the id of a sound or rhythm. */
  what: number | "applause" | string;
  words: string;
}

/** What of a receiver's settings says which reactions it wants (`claptrap/receivers._is_wanted`). */
interface Wish {
  claps: number[];
  triggers: string[];
}

const CLAP = "clap";
const APPLAUSE = "applause";

/** "Every clap" is so only where no other pattern has room for more of them. */
export const patternWords = (pattern: PatternSettings, all: PatternSettings[]) =>
  pattern.at_least && pattern.claps === 1 && !waits(pattern, all) ? t("pattern.preset.any") : t(pattern.at_least ? "reaction.at_least" : "activity.claps", { count: pattern.claps });

/** Whether a pattern is sent only once no other clap has followed: it is exact, or another one has room for more claps. */
export function waits({ claps, at_least }: PatternSettings, all: PatternSettings[]): boolean {
  return !at_least || claps < Math.max(...all.map((other) => other.claps + (other.at_least ? 0 : 1)));
}

/** The sounds and rhythms of a source. */
export const triggersOf = ({ sounds, rhythms }: SourceSettings): Reaction[] => [...sounds, ...rhythms].map(({ id, name }) => ({ what: id, words: name || id }));

/** The claps and the applause that a source reacts to. */
export function clapsOf({ hears }: SourceSettings, patterns: PatternSettings[]): Reaction[] {
  const claps = hears === "applause" ? [] : patterns.map((one) => ({ what: one.claps, words: patternWords(one, patterns) }));
  return hears === "claps" ? claps : [...claps, applause()];
}

export const applause = (): Reaction => ({ what: APPLAUSE, words: t("pattern.hears.applause") });

export function isWanted({ claps, triggers }: Wish, { what }: Reaction): boolean {
  if (triggers.includes(String(what))) return true;
  if (typeof what === "string" && what !== APPLAUSE) return false;
  if (triggers.length > 0 && !triggers.includes(CLAP)) return false;
  return claps.length === 0 || (typeof what === "number" && claps.includes(what));
}

/** The wish for some of `all` reactions; null for none, which no wish can say: who wants nothing is switched off. */
export function wishFor(all: Reaction[], isChosen: (one: Reaction) => boolean): Wish | null {
  const chosen = all.filter(isChosen).map(({ what }) => what);
  const ofClaps = all.filter(({ what }) => typeof what === "number" || what === APPLAUSE).map(({ what }) => what);
  const triggers = chosen.filter((what) => typeof what === "string" && what !== APPLAUSE).map(String);
  if (chosen.length === 0) return null;
  if (ofClaps.every((what) => chosen.includes(what))) return { claps: [], triggers: triggers.length > 0 && ofClaps.length > 0 ? [CLAP, ...triggers] : triggers };
  const claps = [...new Set(chosen.filter((what) => typeof what === "number"))];
  const named = [...(chosen.includes(APPLAUSE) ? [APPLAUSE] : []), ...triggers];
  return { claps, triggers: named.length > 0 && claps.length > 0 ? [CLAP, ...named] : named };
}
