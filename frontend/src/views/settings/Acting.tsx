import { Title } from "../../components/Buttons.tsx";
import { Field, Fields } from "../../components/Field.tsx";
import { type Key, t } from "../../i18n/index.ts";
import { edit } from "../../saving.ts";
import { drafts, settings } from "../../store.ts";
import type { QuietHours } from "../../wire.ts";
import { SourcesFilter } from "./NotifyPanel.tsx";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const MOST = 32;
const QUIET = "when.quiet";

/** When detections act: armed or not, quiet hours by the clock or the sun, and what is one detection. */
export function Acting() {
  const when = settings.value?.when;
  if (!when) return null;
  const quiet = (drafts.value[QUIET]?.value ?? when.quiet) as QuietHours[];
  const put = (fresh: QuietHours[]) => edit(QUIET, fresh, 0);
  const add = () => put([...quiet, { name: "", enabled: true, days: [...DAYS], begin: "22:00", end: "07:00", sources: [] }]);
  const change = (index: number, part: Partial<QuietHours>) => put(quiet.map((one, at) => (at === index ? { ...one, ...part } : one)));
  return (
    <>
      <section class="panel settings-group" aria-labelledby="settings-acting">
        <Title id="settings-acting" of="arming.title" />
        <Field path="when.armed" />
        <Field path="merge_rooms" />
      </section>
      <section class="panel settings-group webhooks" aria-labelledby="settings-quiet">
        <Title id="settings-quiet" of="when.quiet" />
        <p class="muted">{t("when.intro")}</p>
        {quiet.map((one, index) => (
          <fieldset key={index} class="webhook">
            <legend class="unseen">{one.name || t("when.number", { number: index + 1 })}</legend>
            <div class="options"><Fields of={`${QUIET}.${index}`} names={["name", "begin", "end", "enabled"]} /></div>
            <Days id={`${QUIET}.${index}.days`} days={one.days} onChoose={(days) => change(index, { days })} />
            <SourcesFilter
              path={`${QUIET}.${index}.sources`} chosen={one.sources} hint={{ all: "when.sources_all", some: "when.sources_some" }} onChoose={(ids) => change(index, { sources: ids })}
            />
            <button
              type="button" class="quiet" aria-label={t("reaction.remove_named", { what: one.name || t("when.number", { number: index + 1 }) })}
              onClick={() => put(quiet.filter((_, at) => at !== index))}
            >{t("webhooks.remove")}</button>
          </fieldset>
        ))}
        {quiet.length < MOST && <button type="button" class="quiet add-row" onClick={add}>{t("when.add")}</button>}
        <h3>{t("when.place")}</h3>
        <p class="hint">{t("when.place_why")}</p>
        <div class="options"><Fields of="when" names={["latitude", "longitude"]} /></div>
      </section>
    </>
  );
}

/** The days on which quiet hours begin; one at least. */
function Days({ id, days, onChoose }: { id: string; days: QuietHours["days"]; onChoose: (days: QuietHours["days"]) => void }) {
  const toggle = (day: (typeof DAYS)[number]) => onChoose(DAYS.filter((one) => (one === day ? !days.includes(one) : days.includes(one))));
  return (
    <fieldset class="field" id={id}>
      <legend>{t("when.days")}</legend>
      <span class="checks">
        {DAYS.map((day) => (
          <label key={day} class="check">
            <input type="checkbox" checked={days.includes(day)} disabled={days.length === 1 && days.includes(day)} onChange={() => toggle(day)} /> {t(`when.days.${day}` satisfies Key)}
          </label>
        ))}
      </span>
    </fieldset>
  );
}
