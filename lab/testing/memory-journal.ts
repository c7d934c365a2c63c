import type { Journal } from "../state/journal.ts";

/** A journal that remembers nothing past the process, for tests. */
export function memoryJournal<Entry>(
  entries: readonly Entry[] = [],
): Journal<Entry> & { readonly appended: Entry[] } {
  const appended: Entry[] = [];
  return { entries, appended, append: (entry) => void appended.push(entry), close: () => {} };
}
