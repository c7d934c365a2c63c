import { expectDenied } from "./aws-client.ts";
import type { LabClient } from "./lab-client.ts";
import type { Scenario } from "./scenario.ts";

/**
 * Uses the service's KMS key directly. The key policy denies this even to an administrator, so the attacker changes
 * the policy first, and the trail records that change before the use.
 */
export async function useKeyWithChangedPolicy(lab: LabClient): Promise<void> {
  const { attacker, scope } = lab;
  const use = async () => {
    const { CiphertextBlob } = await attacker.json("kms", "Encrypt", {
      KeyId: scope.keyArn,
      Plaintext: Buffer.from("x").toString("base64"),
    });
    await attacker.json("kms", "Decrypt", { KeyId: scope.keyArn, CiphertextBlob });
  };
  await expectDenied(use());
  await withChangedPolicy(lab, use);
}

/** Lets every principal of the account use the service's key while `task` runs. */
async function withChangedPolicy(lab: LabClient, task: () => Promise<unknown>): Promise<void> {
  const { attacker, scope } = lab;
  const KeyId = scope.keyArn;
  const { Policy } = await attacker.json("kms", "GetKeyPolicy", { KeyId });
  const policy = JSON.parse(String(Policy));
  const accountStatement = {
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${scope.accountId}:root` },
    Action: "kms:*",
    Resource: "*",
  };
  const changed = { ...policy, Statement: [...policy.Statement, accountStatement] };
  await attacker.json("kms", "PutKeyPolicy", { KeyId, Policy: JSON.stringify(changed) });
  try {
    await task();
  } finally {
    await attacker.json("kms", "PutKeyPolicy", { KeyId, Policy });
  }
}

export const kmsKeyChangeScenarios: readonly Scenario[] = [
  {
    description: "mallory disables each KMS key of the deployment and enables it again",
    kind: "live",
    run: async ({ attacker, scope }) => {
      const { keyArn, trailKeyArn, topicKeyArn, storageKeyArns } = scope;
      for (const KeyId of [keyArn, trailKeyArn, topicKeyArn, ...storageKeyArns]) {
        if (KeyId === undefined) continue; // The deployment uses an existing trail, or a key of AWS.
        try {
          await attacker.json("kms", "DisableKey", { KeyId });
        } finally {
          await attacker.json("kms", "EnableKey", { KeyId });
        }
      }
    },
  },
  {
    description:
      "mallory schedules the deletion of a key that the trail or the alarms use, and cancels it",
    kind: "live",
    run: async ({ attacker, scope }) => {
      const KeyId = scope.trailKeyArn ?? scope.topicKeyArn ?? scope.keyArn;
      try {
        await attacker.json("kms", "ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 });
      } finally {
        await attacker.json("kms", "CancelKeyDeletion", { KeyId });
        await attacker.json("kms", "EnableKey", { KeyId });
      }
    },
  },
  {
    description: "mallory changes the policy of the service's key and grants herself Decrypt",
    kind: "live",
    run: async (lab) => {
      const { attacker, scope } = lab;
      const KeyId = scope.keyArn;
      await withChangedPolicy(lab, async () => {
        const { GrantId } = await attacker.json("kms", "CreateGrant", {
          KeyId,
          GranteePrincipal: lab.attackerArn,
          Operations: ["Decrypt"],
        });
        await attacker.json("kms", "RevokeGrant", { KeyId, GrantId });
      });
    },
  },
];
