import { SaveState } from "./SaveState.tsx";

interface Props<Value extends string> {
  /** Of the field in the page; where `saved`, the path of the setting too. */
  id: string;
  legend: string;
  options: { value: Value; words: string; lang?: string }[];
  chosen: Value;
  onChoose: (value: Value) => void;
  hint?: string;
  /** Whether it is a setting of the service, which is saved. */
  saved?: boolean;
}

/** One of a few, side by side. */
export function Choice<Value extends string>({ id, legend, options, chosen, onChoose, hint, saved = false }: Props<Value>) {
  return (
    <fieldset class="field choice" id={id} aria-describedby={`${id}-state ${id}-hint`}>
      <legend>{legend}</legend>
      <span class="counts">
        {options.map(({ value, words, lang }) => (
          <label key={value} class="count" lang={lang}>
            <input type="radio" name={id} checked={value === chosen} onChange={() => onChoose(value)} />
            {words}
          </label>
        ))}
      </span>
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
      {saved && <SaveState path={id} id={`${id}-state`} />}
    </fieldset>
  );
}
