/** A step of a stack that waits for those of the stacks it depends on. */
export type Step<T> = (stack: string) => Promise<T>;

/**
 * Runs a step for every stack, each once the steps of its dependencies succeeded, `limit` at a time.
 * Steps that wait take no place.
 * @param dependencies stack → stacks that come before it; unknown ones are ignored
 * @returns stack → its step's promise; a stack after one that failed fails without being run
 */
export function inOrder<T>(
  dependencies: ReadonlyMap<string, readonly string[]>,
  limit: number,
  step: Step<T>,
): ReadonlyMap<string, Promise<T>> {
  const places = new Places(limit);
  const promises = new Map<string, Promise<T>>();
  const promiseOf = (stack: string): Promise<T> => {
    const known = promises.get(stack);
    if (known !== undefined) return known;
    const before = (dependencies.get(stack) ?? []).filter((name) => dependencies.has(name));
    const promise = Promise.all(
      before.map((name) =>
        promiseOf(name).catch(() => {
          throw new Error(`${stack} was not tried: ${name}, which it depends on, failed.`);
        }),
      ),
    ).then(() => places.during(() => step(stack)));
    promises.set(stack, promise);
    promise.catch(() => {}); // whoever awaits it later gets the error
    return promise;
  };
  for (const stack of dependencies.keys()) promiseOf(stack);
  return promises;
}

/** Dependencies turned round, to destroy by. */
export function reversed(
  dependencies: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...dependencies.keys()].map((stack) => [
      stack,
      [...dependencies].filter(([, before]) => before.includes(stack)).map(([name]) => name),
    ]),
  );
}

class Places {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#free = limit;
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
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
