/**
 * Characters of a filter pattern that CloudWatch Logs accepts.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
 */
export const MAX_PATTERN_LENGTH = 1024;
