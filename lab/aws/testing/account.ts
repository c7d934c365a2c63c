import type { DeployedKey } from "../../../terraform/deployment.ts";

export const ACCOUNT = { accountId: "111122223333", region: "ap-southeast-2" } as const;

export function deployedKey(digit: number, ...aliases: readonly string[]): DeployedKey {
  const keyId = `1234abcd-12ab-34cd-56ef-00000000000${digit}`;
  const arn = `arn:aws:kms:${ACCOUNT.region}:${ACCOUNT.accountId}:key/${keyId}`;
  return { address: `kms/key${digit}`, keyId, arn, description: `key ${digit}`, aliases };
}

/** The value in base64, as JSON encodes blobs. */
export const base64 = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString("base64");
