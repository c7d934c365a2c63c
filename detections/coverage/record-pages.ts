/**
 * AWS's page on the CloudTrail records of each service whose events the detections count. The members of
 * requests have the names of the API reference, with a lower-case first letter.
 */
export const recordPages: Readonly<Record<string, string>> = {
  autoscaling:
    "https://docs.aws.amazon.com/autoscaling/application/userguide/logging-using-cloudtrail.html",
  chatbot: "https://docs.aws.amazon.com/chatbot/latest/adminguide/logging-using-cloudtrail.html",
  cloudtrail:
    "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html",
  ec2: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitor-with-cloudtrail.html",
  ecr: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html",
  ecs: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/logging-using-cloudtrail.html",
  elasticloadbalancing:
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/cloudtrail-logs.html",
  events: "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-logging-monitoring.html",
  iam: "https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html",
  kms: "https://docs.aws.amazon.com/kms/latest/developerguide/understanding-kms-entries.html",
  logs: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/logging_cw_api_calls_cwl.html",
  monitoring:
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/logging_cw_api_calls.html",
  observabilityadmin:
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/logging_cw_api_calls.html",
  ram: "https://docs.aws.amazon.com/ram/latest/userguide/cloudtrail-logging.html",
  rds: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/logging-using-cloudtrail.html",
  s3: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html",
  secretsmanager:
    "https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html",
  sns: "https://docs.aws.amazon.com/sns/latest/dg/logging-using-cloudtrail.html",
  sqs: "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-logging-using-cloudtrail.html",
  ssm: "https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-cloudtrail-logs.html",
  sts: "https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html",
  wafv2: "https://docs.aws.amazon.com/waf/latest/developerguide/logging-using-cloudtrail.html",
};
