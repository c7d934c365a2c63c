export interface ReadinessSettings {
  /** Rejects when the dependency cannot be used. */
  readonly checks: Readonly<Record<Dependency, (signal: AbortSignal) => Promise<void>>>;
  /** Milliseconds that a check may take. */
  readonly timeout: number;
  /** Milliseconds for which a verdict is reused: load balancers ask often, and KMS calls have a quota. */
  readonly age: number;
  /** Milliseconds on a clock that does not go back. */
  readonly now: () => number;
}

export type Dependency = "Database" | "Kms";

export interface Verdict {
  readonly ready: boolean;
  readonly checks: Readonly<Record<Dependency, "ok" | "unavailable">>;
  /** What the dependencies that are not available said. */
  readonly reasons: readonly string[];
}

/** Asks the dependencies, all callers of the same moment sharing one answer. */
export function createReadiness(settings: ReadinessSettings): () => Promise<Verdict> {
  const { checks, timeout, age, now } = settings;
  let latest: { readonly since: number; readonly verdict: Promise<Verdict> } | undefined;

  async function ask(): Promise<Verdict> {
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
    if (latest === undefined || now() - latest.since >= age) {
      latest = { since: now(), verdict: ask() };
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
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => {
      resolve("Timeout");
      controller.abort();
    }, timeout);
  });
  try {
    return await Promise.race([check(controller.signal).then(() => undefined, reasonOf), late]);
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "UnknownError";
  return "reason" in error && typeof error.reason === "string" ? error.reason : error.name;
}
