import type { Account } from "./reader.ts";

/** Settings that name an existing trail. */
export interface ExistingTrail {
  readonly trailLogGroup?: string | undefined;
  readonly trailArn?: string | undefined;
}

/** An existing trail. Only its log group is known. */
export function existingTrail(
  logGroupName: string,
  trailArn: string | undefined,
  { accountId, region }: Account,
) {
  const arnOf = (service: string, resource: string) =>
    `arn:aws:${service}:${region}:${accountId}:${resource}`;
  const arn = trailArn ?? arnOf("cloudtrail", "trail/existing");
  const [, , , homeRegion = region] = arn.split(":");
  return {
    logGroup: { name: logGroupName, arn: arnOf("logs", `log-group:${logGroupName}`) },
    trail: {
      name: arn.slice(arn.lastIndexOf("/") + 1),
      arn,
      homeRegion,
      multiRegion: true,
      logGroupName,
    },
  };
}
