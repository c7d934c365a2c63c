import { expect, test } from "vitest";
import { PLACEHOLDER_DIGEST } from "../common/placeholder-digest.ts";
import { settingsOf } from "../settings/testing.ts";
import { synthesize } from "./synthesize.ts";
import { permissionsOfRole } from "./testing/pipeline-permissions.ts";
import { resourceOf, resourcesOf } from "./testing/synthesized.ts";

const TRAIL_LOG_GROUP = "aws-cloudtrail-logs-111122223333-1a2b3c4d";
const TRAIL_ARN = "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events";
const stacks = synthesize(
  settingsOf({
    TRAIL_LOG_GROUP,
    TRAIL_BUCKET: "example-trail",
    TRAIL_ARN,
    DECRYPT_WITHOUT_TRAIL: "refuse",
    CIS_PACK: "true",
    IMAGE_DIGEST: PLACEHOLDER_DIGEST,
    GITHUB_REPOSITORY: "example-org/cipherwatch",
  }),
);
const alarm = stacks.get("alarm") ?? {};

test("deploys no trail", () => {
  expect([...stacks.keys()]).not.toContain("trail");
});

test("puts every metric filter into its log group, for events of this account only", () => {
  const filters = Object.values(resourcesOf(alarm, "aws_cloudwatch_log_metric_filter"));
  const ofTrail = filters.filter(({ log_group_name }) => log_group_name === TRAIL_LOG_GROUP);
  expect(filters.length - ofTrail.length).toBe(1); // rejected-traffic reads the flow log
  for (const { name, pattern } of ofTrail) {
    expect
      .soft(pattern, String(name))
      .toMatch(
        / && \$\.recipientAccountId = "\$\{data\.aws_caller_identity\.\w+\.account_id\}" \}$/,
      );
  }
});

test("shows events of this account only in the saved queries of the trail", () => {
  const queries = Object.values(resourcesOf(alarm, "aws_cloudwatch_query_definition")).filter(
    ({ log_group_names }) => JSON.stringify(log_group_names).includes(TRAIL_LOG_GROUP),
  );
  expect(queries.length).toBeGreaterThan(10);
  for (const { query_string } of queries) {
    expect(query_string).toMatch(
      /^filter recipientAccountId in \["\$\{data\.aws_caller_identity\.\w+\.account_id\}"\]\n\| /,
    );
  }
});

test("alarms when its log group receives no events", () => {
  expect(resourceOf(alarm, "aws_cloudwatch_metric_alarm", "Silence_TrailSilent")).toMatchObject({
    dimensions: { LogGroupName: TRAIL_LOG_GROUP },
    alarm_description: expect.not.stringContaining("npm run diff trail"),
  });
});

test("fails the plan if its log group is elsewhere or supports no metric filters", () => {
  const conditionOf = (type: string) =>
    JSON.stringify(Object.values(alarm.data?.[type] ?? {}).map(({ lifecycle }) => lifecycle));
  expect(conditionOf("aws_cloudwatch_log_groups")).toContain(
    `contains(self.log_group_names, \\"${TRAIL_LOG_GROUP}\\")`,
  );
  expect(conditionOf("aws_cloudwatch_log_group")).toContain("self.log_group_class");
});

test("lets the pipeline change its metric filters, and nothing else of it", () => {
  const actions = permissionsOfRole(stacks.get("bootstrap") ?? {}, "Deploy")
    .filter(({ resources = [] }) => resources.some((arn) => arn.endsWith(`:${TRAIL_LOG_GROUP}`)))
    .flatMap((statement) => statement.actions);
  expect(new Set(actions)).toEqual(
    new Set([
      "logs:DeleteMetricFilter",
      "logs:DescribeMetricFilters",
      "logs:ListTagsForResource",
      "logs:PutMetricFilter",
    ]),
  );
});

test("is the trail that the service checks", () => {
  const service = JSON.stringify(stacks.get("service"));
  expect(service).toContain(TRAIL_ARN);
  expect(service).not.toContain("trail/cipherwatch-dev-trail");
});
