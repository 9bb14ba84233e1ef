// A name for this device that its owner recognises, from what the browser says of itself.
import { t } from "../i18n/index.ts";

const SYSTEMS: [RegExp, string][] = [
  [/iPhone/, "iPhone"], [/iPad/, "iPad"], [/Android/, "Android"], [/CrOS/, "Chromebook"], [/Windows/, "Windows"],
  [/Mac OS X/, "Mac"], [/Linux/, "Linux"],
];
const BROWSERS: [RegExp, string][] = [
  [/Edg/, "Edge"], [/SamsungBrowser/, "Samsung Internet"], [/Firefox|FxiOS/, "Firefox"], [/Chrom|CriOS/, "Chrome"],
  [/Safari/, "Safari"],
];

export function deviceName(agent = navigator.userAgent): string {
  const known = (names: [RegExp, string][], otherwise: string) => names.find(([sign]) => sign.test(agent))?.[1] ?? otherwise;
  const android = /Android [^;)]*; ([^;)]+?)(?: Build|[;)])/.exec(agent)?.[1];
  const system = android && android !== "K" ? android : known(SYSTEMS, "?"); // browsers say "K" for every model now
  return t("micro.device", { browser: known(BROWSERS, "Web"), system });
}
