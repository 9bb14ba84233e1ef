import { isKey, t } from "../i18n/index.ts";

/** What people call a kind of source; its code where the page does not know it. */
export function kindName(kind: string): string {
  const key = `source.kind.${kind}`;
  return isKey(key) ? t(key) : kind;
}
