interface Props<Value extends string> {
  id: string;
  legend: string;
  options: { value: Value; words: string; lang?: string }[];
  chosen: Value;
  onChoose: (value: Value) => void;
}

/** One of a few, side by side. */
export function Choice<Value extends string>({ id, legend, options, chosen, onChoose }: Props<Value>) {
  return (
    <fieldset class="field choice" id={id}>
      <legend>{legend}</legend>
      <span class="counts">
        {options.map(({ value, words, lang }) => (
          <label key={value} class="count" lang={lang}>
            <input type="radio" name={id} checked={value === chosen} onChange={() => onChoose(value)} />
            {words}
          </label>
        ))}
      </span>
    </fieldset>
  );
}
