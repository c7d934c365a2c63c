import type { RequestLimits } from "./limits.ts";
import type { Quotas } from "./quotas.ts";
import type { Verdict } from "./readiness.ts";
import type { Store } from "./store.ts";
import type { Logger } from "./telemetry.ts";
import type { VerifyToken } from "./token.ts";
import type { Vault } from "./vault.ts";

/** How callers are identified. */
export interface Identity {
  readonly verifyToken: VerifyToken;
  readonly quotas: Quotas;
  /** Maximum number of clients with metrics of their own. */
  readonly clientMetrics: number;
}

export interface AppDependencies {
  readonly vault: Vault;
  /** Undefined while identity is off: then anyone who reaches the service may use it. */
  readonly identity: Identity | undefined;
  readonly store: Store;
  readonly readiness: () => Promise<Verdict>;
  readonly limits: RequestLimits & {
    /** Maximum size of a Text in bytes of UTF-8. */
    readonly text: number;
  };
  readonly logger: Logger;
  /** CloudWatch namespace of the service's metrics. */
  readonly metricsNamespace: string;
  /** Whether CloudTrail records decrypts, as far as the settings require it. */
  readonly mayDecrypt: () => boolean;
  /** Wall clock by which records expire, in milliseconds since the epoch. */
  readonly now: () => number;
  /** Resolves once an erasure will survive the restore of a backup. Does nothing without a ledger. @throws LogsError */
  readonly recordErasure: (id: string, signal: AbortSignal) => Promise<void>;
  /** True from SIGTERM until the process exits. */
  readonly isDraining: () => boolean;
}
