import type { Journal } from "../state/journal.ts";

/** Creates a journal in memory. `appended` holds the entries added after `entries`. */
export function memoryJournal<Entry>(
  entries: readonly Entry[] = [],
): Journal<Entry> & { readonly appended: Entry[] } {
  const appended: Entry[] = [];
  return { entries, appended, append: (entry) => void appended.push(entry), close: () => {} };
}
