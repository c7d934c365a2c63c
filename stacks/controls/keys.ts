import type { Area } from "./control.ts";
import { allowances } from "./policies.ts";
import { ownPrincipals } from "./principals.ts";
import { allOf, every, is, meets } from "./rule.ts";
import { atLeast, isTrue, orAbsent } from "./wanted.ts";
import { watchOver } from "./watch.ts";

const KEY = "aws_kms_key";

/** KMS's shortest time in which a deletion can be undone. */
const LEAST_DELETION_DAYS = 7;

export const keys: readonly Area[] = [
  {
    name: "KMS",
    controls: [
      {
        id: "kms-rotation",
        title: "Keys rotate",
        checkov: ["CKV_AWS_7"],
        trivy: ["AWS-0065"],
        securityHub: ["KMS.4"],
        rule: every(KEY, is("enable_key_rotation", isTrue)),
      },
      {
        id: "kms-policy",
        title: "Keys have a policy that names their users",
        checkov: ["CKV_AWS_33", "CKV2_AWS_64"],
        securityHub: ["KMS.5"],
        rule: every(allowances(KEY), meets(ownPrincipals)),
      },
      {
        id: "kms-deletion",
        title: "Keys are enabled, and their deletion can be undone and is noticed",
        checkov: ["CKV_AWS_227"],
        trivy: ["AWS-0153"],
        securityHub: ["KMS.3", "CloudWatch.7"],
        rule: allOf(
          every(
            KEY,
            is("is_enabled", orAbsent(isTrue)),
            is("deletion_window_in_days", atLeast(LEAST_DELETION_DAYS)),
          ),
          watchOver("DisableKey", "ScheduleKeyDeletion"),
        ),
      },
    ],
  },
];
