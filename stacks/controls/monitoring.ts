import patterns from "../../detections/cis/patterns.json" with { type: "json" };
import type { Stacks } from "../../terraform/json.ts";
import { withResource } from "../../terraform/resources.ts";
import type { Area } from "./control.ts";
import { allowances } from "./policies.ts";
import { ownPrincipals } from "./principals.ts";
import { allOf, every, is, meets } from "./rule.ts";
import { companions } from "./subject.ts";
import type { Values } from "./values.ts";
import { atLeast, customerKey, isTrue, listOf, referenceTo } from "./wanted.ts";
import { ALARM, FILTER, watched } from "./watch.ts";

const LOG_GROUP = "aws_cloudwatch_log_group";
const TOPIC = "aws_sns_topic";
const ONE_YEAR_DAYS = 365;

const tells = [is("actions_enabled", isTrue), is("alarm_actions", listOf(referenceTo(TOPIC)))];

function withCisPack(stacks: Stacks): Stacks {
  return patterns.reduce<Stacks>((changed, { id, pattern }) => {
    const add = (before: Stacks, type: string, values: Values) =>
      withResource(before, { stack: "alarm", type, name: `Example-${id}`, values });
    const metric = { namespace: "Example", name: id };
    const filter = add(changed, FILTER, { pattern, metric_transformation: metric });
    return add(filter, ALARM, { namespace: metric.namespace, metric_name: metric.name });
  }, stacks);
}

export const monitoring: readonly Area[] = [
  {
    name: "CloudWatch Logs",
    controls: [
      {
        id: "logs-key",
        title: "Log groups are encrypted under a customer's key",
        checkov: ["CKV_AWS_158"],
        trivy: ["AWS-0017"],
        rule: every(LOG_GROUP, is("kms_key_id", customerKey)),
      },
      {
        id: "logs-retention",
        title: "Events are kept for a year",
        checkov: ["CKV_AWS_66", "CKV_AWS_338"],
        securityHub: ["CloudWatch.16"],
        rule: every(LOG_GROUP, is("retention_in_days", atLeast(ONE_YEAR_DAYS))),
        refusals: [
          {
            under: ["dev"],
            reason:
              "In dev nothing happens that is worth a year of storage. The trail's bucket keeps the events of the account longer, and `CIPHERWATCH_LOG_RETENTION_DAYS` sets any time that CloudWatch offers.",
          },
        ],
      },
    ],
  },
  {
    name: "Alarms",
    controls: [
      {
        id: "alarm-actions",
        title: "Alarms tell somebody, and are on",
        checkov: ["CKV_AWS_319"],
        securityHub: ["CloudWatch.15", "CloudWatch.17"],
        rule: allOf(every(ALARM, ...tells), every("aws_cloudwatch_composite_alarm", ...tells)),
      },
      {
        id: "alarm-cis",
        title: "The metric filters of the CIS benchmark have alarms",
        trivy: [
          "AWS-0147",
          "AWS-0148",
          "AWS-0149",
          "AWS-0150",
          "AWS-0151",
          "AWS-0152",
          "AWS-0153",
          "AWS-0154",
          "AWS-0155",
          "AWS-0156",
          "AWS-0157",
          "AWS-0158",
          "AWS-0159",
          "AWS-0160",
          "AWS-0174",
        ],
        securityHub: Array.from({ length: 14 }, (_, index) => `CloudWatch.${index + 1}`),
        rule: {
          ...watched(
            patterns.map(({ id, pattern }) => ({ name: id, matches: (it) => it === pattern })),
          ),
          met: withCisPack,
        },
        refusals: [
          {
            except: ["with the CIS pack"],
            reason:
              "They watch the whole account, not this service: with several environments in an account each would tell everything twice, and where a security team has them already, once more. The detections watch what concerns the service. `CIPHERWATCH_CIS_PACK=true` adds the benchmark's.",
          },
        ],
      },
    ],
  },
  {
    name: "SNS",
    controls: [
      {
        id: "sns-key",
        title: "Topics are encrypted under a customer's key",
        checkov: ["CKV_AWS_26"],
        trivy: ["AWS-0095", "AWS-0136"],
        securityHub: ["SNS.1"],
        rule: every(TOPIC, is("kms_master_key_id", customerKey)),
      },
      {
        id: "sns-policy",
        title: "Topics admit neither everybody nor other accounts",
        checkov: ["CKV_AWS_169", "CKV_AWS_385"],
        securityHub: ["SNS.4"],
        rule: allOf(
          every(companions(TOPIC, { type: "aws_sns_topic_policy", link: "arn" })),
          every(allowances("aws_sns_topic_policy"), meets(ownPrincipals)),
        ),
      },
    ],
  },
];
