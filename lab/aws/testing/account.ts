import type { DeployedKey } from "../../../terraform/access.ts";

export const ACCOUNT = { accountId: "111122223333", region: "ap-southeast-2" } as const;

export function deployedKey(digit: number, ...aliases: readonly string[]): DeployedKey {
  const keyId = `1234abcd-12ab-34cd-56ef-00000000000${digit}`;
  const arn = `arn:aws:kms:${ACCOUNT.region}:${ACCOUNT.accountId}:key/${keyId}`;
  const policy = ACCOUNT_POLICY;
  return {
    address: `kms/key${digit}`,
    keyId,
    arn,
    description: `key ${digit}`,
    aliases,
    policy,
    tags: {},
  };
}

/** The default key policy: IAM decides about the principals of the account. */
export const ACCOUNT_POLICY = JSON.stringify({
  Statement: {
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${ACCOUNT.accountId}:root` },
    Action: "kms:*",
    Resource: "*",
  },
});

/** Access without policies, for tests of other behaviour. */
export const UNRESTRICTED = { authorize: () => {}, endpointOf: () => undefined };

/** Encodes a value as base64, as JSON protocols encode blobs. */
export const base64 = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString("base64");
