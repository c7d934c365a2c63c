import type { Action } from "./action.ts";

/** Resource types that hold data, worst loss first, with the consequence that the comment shows. */
const HOLDS: readonly (readonly [type: string, what: string])[] = [
  ["aws_kms_key", "everything that it encrypted can never be read again"],
  ["aws_kms_replica_key", "everything that it alone can still decrypt is lost"],
  ["aws_db_instance", "every record in this database is lost"],
  ["aws_rds_cluster", "every record in this database is lost"],
  ["aws_db_snapshot", "this backup is lost"],
  ["aws_s3_bucket", "every object in this bucket is lost"],
  ["aws_cloudtrail", "nothing is recorded until another trail runs"],
  ["aws_cloudtrail_event_data_store", "every event in it is lost"],
  ["aws_cloudwatch_log_group", "every event in this log group is lost"],
  ["aws_secretsmanager_secret", "this secret is lost"],
  ["aws_ecr_repository", "every image in this repository is lost, those to roll back to included"],
  ["aws_backup_vault", "every backup in it is lost"],
  ["aws_iam_openid_connect_provider", "the pipeline can no longer sign in to AWS"],
];

/**
 * Returns the data that is lost with a resource; a lower rank is worse.
 * @returns undefined if the resource holds no data
 */
export function dataLossOf(
  type: string,
  action: Action,
): { readonly rank: number; readonly what: string } | undefined {
  if (action !== "replace" && action !== "destroy") return undefined;
  const rank = HOLDS.findIndex(([holder]) => holder === type);
  const what = HOLDS[rank]?.[1];
  return what === undefined ? undefined : { rank, what };
}
