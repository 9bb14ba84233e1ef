/** An identifier made of words that nothing has yet, numbered from the second on; `always` numbers the first too. */
export function freeId(words: string, taken: string[], always = false): string {
  const id = words.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 40);
  for (let number = 1; ; number++) {
    const wish = number === 1 && !always ? id : `${id}-${number}`;
    if (![...taken, "clap", "applause", "test"].includes(wish)) return wish;
  }
}
