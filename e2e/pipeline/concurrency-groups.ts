/**
 * GitHub's concurrency groups with `queue: max`: runs one piece of work of each group at a time, in the order of
 * arrival.
 * https://docs.github.com/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency
 */
export interface ConcurrencyGroups {
  /** @param group name; empty for work that is in no group */
  readonly run: <T>(group: string, work: () => Promise<T>) => Promise<T>;
}

export function makeConcurrencyGroups(): ConcurrencyGroups {
  const last = new Map<string, Promise<unknown>>();
  return {
    run: async (group, work) => {
      if (group === "") return await work();
      const before = last.get(group) ?? Promise.resolve();
      const result = before.then(work, work);
      last.set(group, result);
      return await result;
    },
  };
}
