export interface ReadinessSettings {
  /** Each rejects when its dependency is unavailable. */
  readonly checks: Readonly<Record<Dependency, (signal: AbortSignal) => Promise<void>>>;
  /** Maximum duration of a check in milliseconds. */
  readonly timeout: number;
  /** Milliseconds a verdict is reused for: load balancers poll often, and KMS calls have a quota. */
  readonly age: number;
  /** Monotonic clock in milliseconds. */
  readonly now: () => number;
}

export type Dependency = "Database" | "Kms";

export interface Verdict {
  readonly ready: boolean;
  readonly checks: Readonly<Record<Dependency, "ok" | "unavailable">>;
  /** Error codes of the unavailable dependencies. */
  readonly reasons: readonly string[];
}

/** Checks the dependencies. Callers share a check that is running, however many they are and however long it takes. */
export function createReadiness(settings: ReadinessSettings): () => Promise<Verdict> {
  const { checks, timeout, age, now } = settings;
  let latest: { readonly since: number; readonly verdict: Promise<Verdict> } | undefined;
  let isRunning = false;

  async function check(): Promise<Verdict> {
    const [database, kms] = await Promise.all([
      failureOf(checks.Database, timeout),
      failureOf(checks.Kms, timeout),
    ]);
    const state = (failure: string | undefined) => (failure === undefined ? "ok" : "unavailable");
    return {
      ready: database === undefined && kms === undefined,
      checks: { Database: state(database), Kms: state(kms) },
      reasons: [database, kms].filter((reason) => reason !== undefined),
    };
  }

  return () => {
    if (latest === undefined || (!isRunning && now() - latest.since >= age)) {
      isRunning = true;
      const verdict = check().finally(() => {
        isRunning = false;
      });
      latest = { since: now(), verdict };
    }
    return latest.verdict;
  };
}

async function failureOf(
  check: (signal: AbortSignal) => Promise<void>,
  timeout: number,
): Promise<string | undefined> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<string>((resolve) => {
    timer = setTimeout(() => {
      resolve("Timeout");
      controller.abort();
    }, timeout);
  });
  try {
    return await Promise.race([check(controller.signal).then(() => undefined, reasonOf), timedOut]);
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "UnknownError";
  return "reason" in error && typeof error.reason === "string" ? error.reason : error.name;
}
