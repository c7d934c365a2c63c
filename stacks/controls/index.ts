import { container } from "./container.ts";
import type { Area } from "./control.ts";
import { database } from "./database.ts";
import { iam } from "./iam.ts";
import { keys } from "./keys.ts";
import { loadBalancer } from "./load-balancer.ts";
import { monitoring } from "./monitoring.ts";
import { network } from "./network.ts";
import { storage } from "./storage.ts";
import { trail } from "./trail.ts";

/** What the ids of the scanners refer to. */
export const SOURCES = {
  Checkov: "bridgecrewio/checkov at 03d5fdad8d of 2026-08-20",
  Trivy: "aquasecurity/trivy-checks at 80e53822 of 2026-08-21",
  "AWS Security Hub":
    "the standard AWS Foundational Security Best Practices as of 2026-08-21, and of the controls outside of it ELB.16 and CloudWatch.1 to 14",
} as const;

/** Every control that the synthesized stacks are held to; tests and docs/controls.md follow from it. */
export const controlAreas: readonly Area[] = [
  ...network,
  ...loadBalancer,
  ...container,
  ...keys,
  ...trail,
  ...storage,
  ...monitoring,
  ...database,
  ...iam,
];
