import { Field, Fields } from "../../components/Field.tsx";
import { SaveState } from "../../components/SaveState.tsx";
import { Shape } from "../../components/Shape.tsx";
import { t } from "../../i18n/index.ts";
import { drafts, edit } from "../../saving.ts";
import type { RhythmSettings, SoundSettings } from "../../wire.ts";
import { LabelOptions, labelName } from "./AddSound.tsx";
import { Rhythm } from "./Rhythm.tsx";

/** How a sound is listened for. */
export function SoundEditor({ path, sound }: { path: string; sound: SoundSettings }) {
  return (
    <div class="options">
      <Fields of={path} names={["enabled", "name", "threshold", "persistence_s", "delay_s"]} />
      <Labels path={`${path}.labels`} known={sound.labels} />
    </div>
  );
}

/** Which of YAMNet's names are meant, any of them; at least one. */
function Labels({ path, known }: { path: string; known: string[] }) {
  const labels = (drafts.value[path]?.value ?? known) as string[];
  return (
    <fieldset class="field wide" id={path} aria-describedby={`${path}-state`}>
      <legend>{t("trigger.labels")}</legend>
      <span class="checks">
        {labels.map((label) => (
          <button
            key={label} type="button" class="quiet small" disabled={labels.length === 1} aria-label={t("reaction.remove_named", { what: labelName(label) })}
            onClick={() => edit(path, labels.filter((one) => one !== label), 0)}
          >{labelName(label)} <Shape is="cross" /></button>
        ))}
        <LabelOptions label={t("trigger.another")} except={labels} onChoose={(label) => edit(path, [...labels, label], 0)} />
      </span>
      <SaveState path={path} id={`${path}-state`} />
    </fieldset>
  );
}

/** How exactly a rhythm must be clapped. */
export function RhythmEditor({ path, rhythm }: { path: string; rhythm: RhythmSettings }) {
  return (
    <div class="options">
      <div class="field wide" id={`${path}.intervals`} role="img" aria-label={t("lesson.drawn", { count: rhythm.intervals.length + 1 })}><Rhythm intervals={rhythm.intervals} /></div>
      <Fields of={path} names={["enabled", "name"]} />
      <Field path={`${path}.tolerance`} />
    </div>
  );
}
