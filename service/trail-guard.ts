import { errorFields, type Logger, metricFields } from "./telemetry.ts";
import type { ReadTrail, TrailFailure } from "./trail.ts";

/** What happens to decrypts that CloudTrail would not record. */
export const WITHOUT_TRAIL = ["allow", "refuse", "refuse-unknown"] as const;

export interface TrailGuardProps {
  readonly readTrail: ReadTrail;
  /**
   * `refuse` (fail open): decrypts are refused once CloudTrail has said that the trail does not deliver.
   * `refuse-unknown` (fail closed): also while CloudTrail does not answer.
   */
  readonly policy: "refuse" | "refuse-unknown";
  readonly logger: Logger;
  readonly metricsNamespace: string;
  /** Monotonic clock in milliseconds. */
  readonly now: () => number;
}

export interface TrailGuard {
  /** Whether decrypts are allowed, according to the last checks. Makes no call. */
  readonly mayDecrypt: () => boolean;
  /** Asks CloudTrail, then logs and counts the result. Never throws. Call it every `CHECK_INTERVAL`. */
  readonly check: () => Promise<void>;
}

/** Milliseconds between two checks, and for which a check waits. */
export const CHECK_INTERVAL = 30_000;
const CHECK_TIMEOUT = 5_000;

/** Milliseconds for which an answer of CloudTrail counts: two checks may fail in a row. */
const MAX_AGE = 2 * CHECK_INTERVAL + CHECK_TIMEOUT;

/**
 * No trail, no decrypt: somebody who turns the trail off to act unseen also turns off decrypting. Checks
 * outside the request path, so that a request costs nothing and CloudTrail's quotas do not limit the service
 * (docs/decisions/0018-no-trail-no-decrypt.md).
 */
export function createTrailGuard(props: TrailGuardProps): TrailGuard {
  const { readTrail, policy, logger, metricsNamespace, now } = props;
  let latest: { readonly at: number; readonly failure: TrailFailure | undefined } | undefined;

  const isUnknown = () => latest === undefined || now() - latest.at > MAX_AGE;

  function mayDecrypt(): boolean {
    if (latest?.failure !== undefined) return false;
    return policy === "refuse" || !isUnknown();
  }

  return {
    mayDecrypt,
    async check() {
      let unanswered: Readonly<Record<string, unknown>> | undefined;
      try {
        const failure = await readTrail(AbortSignal.timeout(CHECK_TIMEOUT));
        latest = { at: now(), failure };
      } catch (error) {
        unanswered = errorFields(error);
      }
      const trailFailure = latest?.failure;
      const unconfirmed = trailFailure !== undefined || isUnknown();
      const line = {
        trailFailure,
        decrypts: mayDecrypt() ? "allowed" : "refused",
        ...unanswered,
        ...metricFields(metricsNamespace, { TrailUnconfirmed: Number(unconfirmed) }, Date.now()),
      };
      if (trailFailure !== undefined) logger.error(line, "the trail does not record KMS events");
      else if (unanswered !== undefined) logger.warn(line, "CloudTrail did not answer");
      else logger.info(line, "the trail records KMS events");
    },
  };
}
