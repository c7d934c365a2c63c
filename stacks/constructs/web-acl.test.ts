import { describe, expect, test } from "vitest";
import { settingsOf } from "../../settings/testing.ts";
import { synthStack } from "../../terraform/cdktf/synthesize.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import {
  ACCOUNT,
  conditionsOf,
  PARTITION,
  resourceOf,
  statementOf,
} from "../testing/synthesized.ts";
import { WebAcl } from "./web-acl.ts";

interface Rule {
  readonly name: string;
  readonly priority: number;
  readonly action?: { readonly block: { readonly custom_response: Record<string, unknown> } };
  readonly override_action?: Record<string, unknown>;
  readonly statement: {
    readonly rate_based_statement?: Record<string, unknown>;
    readonly managed_rule_group_statement?: {
      readonly name: string;
      readonly rule_action_override: readonly { readonly name: string }[];
    };
  };
  readonly visibility_config: Record<string, unknown>;
}

const stackOf = (variables: Readonly<Record<string, string>> = {}) =>
  synthStack((app) => {
    const scope = new CipherwatchStack(app, "service", { settings: settingsOf(variables) });
    new WebAcl(scope, "WebAcl", { resourceArn: "arn:lb", logGroupArn: "arn:log-group" });
    return scope;
  });

const stack = stackOf();
const webAcl = resourceOf(stack, "aws_wafv2_web_acl");
const rules = webAcl.rule as readonly Rule[];

function ruleOf(name: string, among = rules): Rule {
  const rule = among.find((candidate) => candidate.name === name);
  if (rule === undefined)
    throw new Error(`No rule ${name} among ${among.map((other) => other.name)}.`);
  return rule;
}

const rateOf = (name: string, among?: readonly Rule[]) =>
  ruleOf(name, among).statement.rate_based_statement;

test("protects the load balancer and allows what no rule blocks", () => {
  expect(webAcl).toMatchObject({ scope: "REGIONAL", default_action: { allow: {} } });
  expect(resourceOf(stack, "aws_wafv2_web_acl_association")).toMatchObject({
    resource_arn: "arn:lb",
  });
});

test("evaluates rules in their order, with metrics and without sampled requests", () => {
  expect(rules.map(({ priority }) => priority)).toEqual(rules.map((_, index) => index));
  for (const { visibility_config } of [...rules, webAcl as unknown as Rule]) {
    expect(visibility_config).toMatchObject({
      cloudwatch_metrics_enabled: true,
      sampled_requests_enabled: false,
    });
  }
});

describe("rate limits", () => {
  test("are those of the settings, for each address and five minutes", () => {
    const changed = resourceOf(
      stackOf({ REQUEST_LIMIT: "900", DECRYPT_LIMIT: "90", REPUTATION_LIMIT: "10" }),
      "aws_wafv2_web_acl",
    ).rule as readonly Rule[];
    for (const [name, limit] of [
      ["LimitRequests", 900],
      ["LimitDecrypt", 90],
      ["LimitBadReputation", 10],
    ] as const) {
      expect(rateOf(name, changed)).toMatchObject({
        limit,
        evaluation_window_sec: 300,
        aggregate_key_type: "IP",
      });
    }
  });

  test("count every request in the general limit", () => {
    expect(rateOf("LimitRequests")).not.toHaveProperty("scope_down_statement");
  });

  test("count requests with a Key, even if the path is URL-encoded", () => {
    const matches = (path: string) => ({
      byte_match_statement: {
        field_to_match: { uri_path: {} },
        positional_constraint: "STARTS_WITH",
        search_string: path,
        text_transformation: [
          { priority: 0, type: "URL_DECODE" },
          { priority: 1, type: "NORMALIZE_PATH" },
        ],
      },
    });
    expect(rateOf("LimitDecrypt")?.scope_down_statement).toEqual({
      or_statement: { statement: [matches("/decrypt"), matches("/forget")] },
    });
  });

  test("count requests of bad reputation by the labels of earlier rules", () => {
    expect(rateOf("LimitBadReputation")?.scope_down_statement).toEqual({
      or_statement: {
        statement: [
          {
            label_match_statement: {
              scope: "NAMESPACE",
              key: "awswaf:managed:aws:amazon-ip-list:",
            },
          },
          {
            label_match_statement: {
              scope: "LABEL",
              key: "awswaf:managed:aws:anonymous-ip-list:AnonymousIPList",
            },
          },
        ],
      },
    });
    const { priority } = ruleOf("LimitBadReputation");
    for (const list of [
      "AWSManagedRulesAmazonIpReputationList",
      "AWSManagedRulesAnonymousIpList",
    ]) {
      expect(ruleOf(list).priority).toBeLessThan(priority);
    }
  });

  test("respond like the service, with 429, Retry-After and JSON", () => {
    for (const name of ["LimitRequests", "LimitDecrypt", "LimitBadReputation"]) {
      expect(ruleOf(name).action?.block.custom_response).toEqual({
        response_code: 429,
        custom_response_body_key: "TooManyRequests",
        response_header: [{ name: "Retry-After", value: "300" }],
      });
    }
    const [body] = webAcl.custom_response_body as readonly Record<string, string>[];
    expect(body).toMatchObject({ key: "TooManyRequests", content_type: "APPLICATION_JSON" });
    expect(JSON.parse(body?.content ?? "")).toMatchObject({ Code: "TooManyRequests" });
  });
});

describe("managed rule groups", () => {
  test("block, including the rules for Log4j", () => {
    for (const name of ["AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"]) {
      expect(ruleOf(name).override_action).toEqual({ none: {} });
    }
  });

  test("only count what they find in a body, which may be any text", () => {
    const counted = rules.flatMap(
      ({ statement }) =>
        statement.managed_rule_group_statement?.rule_action_override.map(({ name }) => name) ?? [],
    );
    // https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
    for (const rule of [
      "SizeRestrictions_BODY",
      "EC2MetaDataSSRF_BODY",
      "GenericLFI_BODY",
      "GenericRFI_BODY",
      "CrossSiteScripting_BODY",
      "JavaDeserializationRCE_BODY",
      "Log4JRCE_BODY",
      "ReactJSRCE_BODY",
    ]) {
      expect(counted).toContain(rule);
    }
  });
});

describe("the log", () => {
  const logging = resourceOf(stack, "aws_wafv2_web_acl_logging_configuration");

  test("contains blocked and counted requests, without what may be a secret", () => {
    expect(logging).toMatchObject({
      log_destination_configs: ["arn:log-group"],
      redacted_fields: [
        { single_header: { name: "authorization" } },
        { single_header: { name: "cookie" } },
        { query_string: {} },
      ],
      logging_filter: {
        default_behavior: "DROP",
        filter: [
          {
            behavior: "KEEP",
            requirement: "MEETS_ANY",
            condition: ["BLOCK", "COUNT", "EXCLUDED_AS_COUNT"].map((action) => ({
              action_condition: { action },
            })),
          },
        ],
      },
    });
  });

  test("is only written by AWS's log delivery for this account, whose permission exists before", () => {
    const { policy_document } = resourceOf(stack, "aws_cloudwatch_log_resource_policy");
    const delivery = statementOf(stack, policy_document, "WafDeliversLogs");
    expect(delivery.resources).toEqual(["arn:log-group:log-stream:*"]);
    expect(conditionsOf(delivery)).toEqual([
      `ArnLike aws:SourceArn arn:${PARTITION}:logs:ap-southeast-2:${ACCOUNT}:*`,
      `StringEquals aws:SourceAccount ${ACCOUNT}`,
    ]);
    expect(logging.depends_on).toEqual([
      expect.stringMatching(/^aws_cloudwatch_log_resource_policy\./),
    ]);
  });
});
