// Levels, verdicts and spectrograms come many times a second: they go straight to who draws them, past signals and rendering.
import type { Level, Picture, Verdict } from "./wire.ts";

type Listener<News> = (news: News) => void;

class Feed<News extends { source_id: string }> {
  readonly #listeners = new Map<string, Set<Listener<News>>>();

  publish(news: News): void {
    this.#listeners.get(news.source_id)?.forEach((listener) => listener(news));
  }

  /** Hears one source; returns how to stop. */
  listen(sourceId: string, listener: Listener<News>): () => void {
    const listeners = this.#listeners.get(sourceId) ?? new Set();
    this.#listeners.set(sourceId, listeners.add(listener));
    return () => listeners.delete(listener);
  }
}

export const levels = new Feed<Level>();
export const verdicts = new Feed<Verdict>();
export const pictures = new Feed<Picture>();
