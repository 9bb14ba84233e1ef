import { computed, effect } from "@preact/signals";
import { go, linkTo, route } from "../../route.ts";
import { edit } from "../../saving.ts";
import { settings } from "../../store.ts";

/** Whether nobody has set anything up yet: the service says so, not this browser. */
export const isFresh = computed(() => {
  const known = settings.value;
  if (!known || known.welcomed) return false;
  const [first, ...more] = known.sources;
  if (!first) return true;
  return more.length === 0 && first.id === "microphone" && first.kind === "microphone" && first.input.device === "" && first.webhooks.every(({ url }) => !url);
});

/** The first minute is over, or was left out; the service remembers it for everybody. */
export const finish = () => edit("welcomed", true, 0);

/** Opens the first minute where somebody comes to a house that nobody has set up; once, so that it can be left. */
export function welcome(): void {
  let done = false;
  effect(() => {
    if (done || !settings.value) return;
    done = true;
    if (isFresh.value && route.value.view === "house") go(linkTo.start, true);
  });
}
