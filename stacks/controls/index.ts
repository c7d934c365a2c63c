import { container } from "./container.ts";
import type { ControlArea, Scanner } from "./control.ts";
import { database } from "./database.ts";
import { iam } from "./iam.ts";
import { loadBalancer } from "./load-balancer.ts";
import { network } from "./network.ts";
import { storage } from "./storage.ts";
import { monitoring, trail } from "./trail.ts";

/** The version of each scanner's checks that the ids refer to. */
export const SCANNER_VERSIONS: Readonly<Record<Scanner, string>> = {
  Checkov: "bridgecrewio/checkov at 03d5fdad8d of 2026-08-20",
  Trivy: "aquasecurity/trivy-checks at 80e53822 of 2026-08-21",
  "AWS Security Hub":
    "the standard AWS Foundational Security Best Practices as of 2026-08-21, and ELB.16 and CloudWatch.1 to 14, which are not part of it",
};

/** Every control that the synthesized stacks must meet, in the order of docs/controls.md. */
export const controlAreas: readonly ControlArea[] = [
  ...network,
  ...loadBalancer,
  ...container,
  ...trail,
  ...storage,
  ...monitoring,
  ...database,
  ...iam,
];
