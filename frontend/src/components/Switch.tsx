interface Props {
  checked: boolean;
  label: string;
  hidden?: boolean;
  id?: string;
  onChange: (checked: boolean) => void;
}

/** On or off; `hidden` keeps the label for screen readers only. */
export function Switch({ checked, label, hidden = false, id, onChange }: Props) {
  return (
    <label class="switch">
      <input type="checkbox" role="switch" id={id} checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
      <i class="switch-track" aria-hidden="true" />
      <span class={hidden ? "unseen" : ""} dir="auto">{label}</span>
    </label>
  );
}
