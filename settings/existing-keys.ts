import { dataKeyAlias, keyAlias, rewrapRoleName, serviceRoleName } from "../common/naming.ts";
import type { settings } from "./existing.ts";
import type { ValuesOf } from "./setting.ts";

/** Finds the key of a generation that the stacks do not create. */
export function existingKeyOf(
  { existingKeys }: Pick<ValuesOf<typeof settings>, "existingKeys">,
  generation: number,
): string | undefined {
  return existingKeys[String(generation)];
}

/** Lists the KMS keys that the stacks use but do not create, with the aliases that new ones would have. */
export function existingKeyAliases({
  env,
  rolePath,
  existingKeys,
  topicKeyArn,
}: Pick<ValuesOf<typeof settings>, "existingKeys" | "topicKeyArn"> & {
  readonly env: string;
  readonly rolePath: string;
}) {
  const userArns = (keyArn: string) =>
    [serviceRoleName(env), rewrapRoleName(env)].map(
      (role) => `arn:aws:iam::${keyArn.split(":")[4]}:role${rolePath}${role}`,
    );
  const records = Object.entries(existingKeys).map(([generation, arn]) => ({
    arn,
    alias: dataKeyAlias(env, Number(generation)),
    userArns: userArns(arn),
  }));
  if (topicKeyArn === undefined) return records;
  return [...records, { arn: topicKeyArn, alias: keyAlias(env, "alarms"), userArns: [] }];
}
