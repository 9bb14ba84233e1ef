// The page's words: fr.json and en.json, the same keys in the same order (tests/web/test_page_files.py). A sentence has
// placeholders such as {name}; one that depends on a number has a form for each of `Intl.PluralRules`' categories, chosen by {count}.
// Each device has its own language: the browser's, until a person chooses the other one here.
import { effect, signal } from "@preact/signals";
import type { Language, Worded } from "../types.ts";
import type { Label } from "../wire.ts";
import { recall, remember } from "../memory.ts";
import en from "./en.json";
import fr from "./fr.json";

export type Key = keyof typeof fr;
export type Words = Record<string, string | number>;
type Sentence = string | { [category in Intl.LDMLPluralRule]?: string } & { other: string };

/** French sets a space before these signs; no line may end at it. */
export const unbroken = (french: string) => french.replace(/ (?=[;:?!»])/g, "\u00a0").replaceAll("« ", "«\u00a0");

const catalogues: Record<Language, Record<Key, Sentence>> = { fr, en };
const rules = { fr: new Intl.PluralRules("fr"), en: new Intl.PluralRules("en") };
const LANGUAGES: Language[] = ["fr", "en"];

export const language = signal<Language>(LANGUAGES.find((code) => code === recall("language")) ?? browsers());

/** Speaks `code` on this device from now on. */
export function speak(code: Language): void {
  language.value = code;
  remember("language", code);
}

effect(() => {
  document.documentElement.lang = language.value;
});

/** Whether the page has words for what only the service knows the name of. */
export const isKey = (name: string): name is Key => name in fr;

/** The sentence for `key`, with `{name}` replaced from `words`. */
export function t(key: Key, words: Words = {}): string {
  const spoken = language.value;
  const sentence = catalogues[spoken][key];
  const form = typeof sentence === "string" ? sentence : (sentence[rules[spoken].select(Number(words["count"]))] ?? sentence.other);
  return (spoken === "fr" ? unbroken(form) : form).replace(/\{(\w+)\}/g, (whole, name: string) => String(words[name] ?? whole));
}

/** The service's own sentence, in the page's language. */
export function said(worded: Worded): string {
  return language.value === "fr" ? unbroken(worded.message_fr) : worded.message_en;
}

/** The sound's name in the page's language. */
export function soundName(sound: Label): string {
  return language.value === "fr" ? sound.label_fr : sound.label;
}

/** The first of the browser's languages that the page speaks; English where it speaks none of them. */
function browsers(): Language {
  const wished = navigator.languages.map((tag) => tag.slice(0, 2));
  return wished.map((tag) => LANGUAGES.find((code) => code === tag)).find(Boolean) ?? "en";
}
