import type { Account } from "./reader.ts";

/** A trail that was there before, of which only the log group is known. */
export function existingTrail(logGroupName: string, { accountId, region }: Account) {
  const arnOf = (service: string, resource: string) =>
    `arn:aws:${service}:${region}:${accountId}:${resource}`;
  const name = "existing";
  return {
    logGroup: { name: logGroupName, arn: arnOf("logs", `log-group:${logGroupName}`) },
    trail: {
      name,
      arn: arnOf("cloudtrail", `trail/${name}`),
      homeRegion: region,
      multiRegion: true,
      logGroupName,
    },
  };
}
