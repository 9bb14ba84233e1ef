// As the device is set, unless dark or light is chosen: per device, so this browser keeps it.
import { computed, effect, signal } from "@preact/signals";
import { recall, remember } from "./memory.ts";

export const THEMES = ["system", "dark", "light"] as const;
type Theme = (typeof THEMES)[number];

const GROUND = { dark: "#0d0f1a", light: "#f3f4fa" };
const light = matchMedia("(prefers-color-scheme: light)");
const deviceIsLight = signal(light.matches);
light.addEventListener("change", () => (deviceIsLight.value = light.matches));

export const theme = signal<Theme>(THEMES.find((one) => one === recall("theme")) ?? "system");

/** What is shown. */
export const shade = computed<"dark" | "light">(() => (theme.value === "system" ? (deviceIsLight.value ? "light" : "dark") : theme.value));

effect(() => {
  document.documentElement.dataset["theme"] = shade.value;
  document.querySelector('meta[name="theme-color"]')?.setAttribute("content", GROUND[shade.value]);
});

effect(() => remember("theme", theme.value));
