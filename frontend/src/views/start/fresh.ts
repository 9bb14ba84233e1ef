import { computed, effect } from "@preact/signals";
import { go, linkTo, route } from "../../route.ts";
import { edit } from "../../saving.ts";
import { settings } from "../../store.ts";

/** Whether nothing has been set up yet: the service says so, not this browser. */
export const isFresh = computed(() => {
  const known = settings.value;
  if (!known || known.welcomed) return false;
  const [first, ...more] = known.sources;
  if (!first) return true;
  return more.length === 0 && first.id === "microphone" && first.kind === "microphone" && first.input.device === "" && first.webhooks.every(({ url }) => !url);
});

/** The first minute is over, or was left out; the service remembers it for everybody. */
export const finish = () => edit("welcomed", true, 0);

/** Opens the first steps where nothing has been set up; once, so that they can be left. */
export function welcome(): void {
  let done = false;
  effect(() => {
    if (done || !settings.value) return;
    done = true;
    if (isFresh.value && route.value.view === "house") go(linkTo.start, true);
  });
}
