/** Runs one step for a stack. */
export type Step<T> = (stack: string) => Promise<T>;

/**
 * Runs a step for every stack after the steps of its dependencies succeeded, up to `limit` at a time.
 * @param dependencies stack → stacks that precede it; unknown ones are ignored
 * @returns stack → promise of its step; rejects without running the step if a dependency failed
 */
export function inDependencyOrder<T>(
  dependencies: ReadonlyMap<string, readonly string[]>,
  limit: number,
  step: Step<T>,
): ReadonlyMap<string, Promise<T>> {
  const semaphore = new Semaphore(limit);
  const promises = new Map<string, Promise<T>>();
  const promiseOf = (stack: string): Promise<T> => {
    const existing = promises.get(stack);
    if (existing !== undefined) return existing;
    const before = (dependencies.get(stack) ?? []).filter((name) => dependencies.has(name));
    const promise = Promise.all(
      before.map((name) =>
        promiseOf(name).catch(() => {
          throw new Error(`${stack} was not run: its dependency ${name} failed.`);
        }),
      ),
    ).then(() => semaphore.run(() => step(stack)));
    promises.set(stack, promise);
    promise.catch(() => {}); // prevents an unhandled rejection; the caller still receives the error
    return promise;
  };
  for (const stack of dependencies.keys()) promiseOf(stack);
  return promises;
}

/** Returns the reverse dependencies, which give the order to destroy in. */
export function reverseDependencies(
  dependencies: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...dependencies.keys()].map((stack) => [
      stack,
      [...dependencies].filter(([, before]) => before.includes(stack)).map(([name]) => name),
    ]),
  );
}

class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#free = limit;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
