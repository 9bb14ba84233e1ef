import { type Key, isKey, t } from "../i18n/index.ts";
import { Menu } from "./Menu.tsx";

/** What a term means, behind a question mark; nothing where there are no such words. */
export function Help({ about }: { about: Key }) {
  const key = `${about}_help`;
  return isKey(key) ? <Menu kind="help" label={t("help.about")} sign="?"><p>{t(key)}</p></Menu> : null;
}
