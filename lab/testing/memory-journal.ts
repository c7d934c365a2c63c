import type { Journal } from "../state/journal.ts";

/** A journal in memory. `appended` holds the entries that were added to the given ones. */
export function memoryJournal<Entry>(
  entries: readonly Entry[] = [],
): Journal<Entry> & { readonly appended: Entry[] } {
  const appended: Entry[] = [];
  return { entries, appended, append: (entry) => void appended.push(entry), close: () => {} };
}
