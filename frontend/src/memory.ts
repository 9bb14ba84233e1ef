// What this browser keeps of its own: per device, not for everybody.

/** What was kept under `name`; null where nothing was, or where the browser keeps nothing. */
export function recall(name: string): unknown {
  let kept: string | null = null;
  try {
    kept = localStorage.getItem(`claptrap.${name}`);
    return JSON.parse(kept ?? "null");
  } catch {
    return kept; // a bare word, as earlier versions kept it
  }
}

export function remember(name: string, value: unknown): void {
  try {
    localStorage.setItem(`claptrap.${name}`, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing is as new next time.
  }
}
