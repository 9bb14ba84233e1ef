import { drafts, edit } from "../saving.ts";
import { SaveState } from "./SaveState.tsx";
import { Switch } from "./Switch.tsx";

interface Props {
  path: string;
  label: string;
  checked: boolean;
  /** Keeps the label for screen readers only. */
  hidden?: boolean;
}

/** A switch of a setting that saves itself, and how the saving went. */
export function SavedSwitch({ path, label, checked, hidden = false }: Props) {
  return (
    <>
      <Switch id={path} hidden={hidden} checked={Boolean(drafts.value[path]?.value ?? checked)} label={label} onChange={(on) => edit(path, on, 0)} />
      <SaveState path={path} id={`${path}-state`} />
    </>
  );
}
