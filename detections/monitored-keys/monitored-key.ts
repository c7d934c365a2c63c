import type { TrailDetection } from "../detection.ts";
import { EXAMPLE_ACCOUNT, type MonitoringScope } from "../scope.ts";

/** A KMS key of an application, and who is expected to use it. */
export interface MonitoredKey {
  /** Last part of the names of its alarms: lower-case letters, digits and hyphens. */
  readonly name: string;
  readonly arn: string;
  /** Names by which callers choose the key, such as `alias/payments`. */
  readonly aliases: readonly string[];
  /** ARNs of roles. They can end with `*`. */
  readonly roles: readonly string[];
  /** ARNs of IAM users. They can end with `*`. */
  readonly users: readonly string[];
  /** Principals of AWS services that use the key themselves, not for a caller. */
  readonly services: readonly string[];
  /** Other accounts whose principals use the key. */
  readonly accounts: readonly string[];
  /** Decrypt calls in 15 minutes at which its volume alarm fires. Default: the detection's threshold. */
  readonly decryptLimit?: number;
}

/** A detection on an application's key. It needs nothing of the service. */
export type KeyDetection = TrailDetection<MonitoringScope>;

/** The part of a key's ARN that all replicas of a multi-Region key share, and no other key has: `/mrk-…`. */
const keyIdOf = (arn: string) => arn.slice(arn.lastIndexOf("/"));

/** Of a multi-Region key: its replicas have the same id. */
export const isMultiRegion = ({ arn }: MonitoredKey): boolean => keyIdOf(arn).startsWith("/mrk-");

/** The value that matches the key's ARN in a filter pattern. Of a multi-Region key, matches every replica. */
export function arnValue(key: MonitoredKey): string {
  return isMultiRegion(key) ? `*:${accountOf(key.arn)}:${keyInArn(key)}` : key.arn;
}

/** `key/<id>`: the part of the key's ARN that all replicas of a multi-Region key share. */
export const keyInArn = ({ arn }: MonitoredKey): string => `key${keyIdOf(arn)}`;

/** Matches the key's ARN anywhere in a text. */
export function containsKeyId(key: MonitoredKey): string {
  return `*${keyInArn(key)}*`;
}

/** Matches the key's ARN in an event pattern, in fewer characters than the ARN has. */
export function arnSuffix({ arn }: MonitoredKey): { readonly suffix: string } {
  return { suffix: keyIdOf(arn) };
}

/** The account of an ARN. */
export function accountOf(arn: string): string {
  return arn.split(":")[4] ?? "";
}

/** The accounts of keys, without duplicates. */
export function accountsOf(keys: readonly MonitoredKey[]): readonly string[] {
  return [...new Set(keys.map(({ arn }) => accountOf(arn)))];
}

/** The key that the documentation and the example events use. */
export const EXAMPLE_KEY: MonitoredKey = {
  name: "payments",
  arn: `arn:aws:kms:ap-southeast-2:${EXAMPLE_ACCOUNT}:key/7c1e5d20-4b8f-4a63-92d7-e0f3a6b9c815`,
  aliases: ["alias/payments"],
  roles: [`arn:aws:iam::${EXAMPLE_ACCOUNT}:role/payments-api`],
  users: [],
  services: ["rds.amazonaws.com"],
  accounts: ["444455556666"],
};
