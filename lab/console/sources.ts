import type { DetectionScope } from "../../detections/scope.ts";
import type { Deployment } from "../../terraform/deployment.ts";
import type { Aws } from "../aws/aws.ts";
import type { AdjustableClock } from "../state/clock.ts";
import type { Endpoints } from "../state/data-folder.ts";

/** The Terraform types of the resources that the console shows. */
export type NamedResource =
  | "aws_kms_key"
  | "aws_cloudtrail"
  | "aws_cloudwatch_log_metric_filter"
  | "aws_cloudwatch_metric_alarm"
  | "aws_cloudwatch_composite_alarm"
  | "aws_sns_topic";

/** The parts of a running lab that the console shows and controls. */
export interface ConsoleSources {
  readonly clock: AdjustableClock;
  /** Lab seconds per real second at the start of the lab. */
  readonly startSpeed: number;
  /** Average lab seconds until CloudTrail delivers a record. */
  readonly trailDelaySeconds: number;
  readonly aws: Pick<Aws, "services">;
  readonly deployment: Deployment;
  /** Returns the Terraform address of a resource, by its type and its name in AWS (a KMS key: its ARN). */
  readonly addressOf: (type: NamedResource, name: string) => string | undefined;
  readonly scope: DetectionScope;
  readonly urls: Pick<Endpoints, "service" | "aws" | "issuer">;
}
