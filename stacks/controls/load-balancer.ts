import type { Block } from "../../terraform/json.ts";
import { addressOf, resourcesOf, withResource } from "../../terraform/resources.ts";
import { valuesAt } from "../../terraform/values.ts";
import { allOf, type Check, everyHas, everyIs } from "./check.ts";
import {
  type ControlArea,
  cheapDev,
  DESTROYABLE_DEV,
  type Exemption,
  ofVpcOwner,
} from "./control.ts";
import {
  altered,
  isLiteral,
  listOf,
  type Matcher,
  referencedResources,
  referenceTo,
  text,
  UNRESOLVABLE,
} from "./matchers.ts";
import { companions, resources } from "./subjects.ts";

const LOAD_BALANCER = "aws_lb";
const LISTENER = "aws_lb_listener";
const TARGETS = "aws_lb_target_group";
const WEB_ACL = "aws_wafv2_web_acl";

const hasProtocol = (protocol: string) => (values: Block) => values.protocol === protocol;

const WITHOUT_DOMAIN: Exemption = {
  under: ["without a domain"],
  reason:
    "Without a domain there is no certificate. The load balancer then serves plain HTTP to the ranges of `CIPHERWATCH_ALLOWED_CIDRS`, never to every address, and each synth prints a warning. Set `CIPHERWATCH_DOMAIN_NAME` and `CIPHERWATCH_HOSTED_ZONE_ID` for TLS.",
};
const PLAIN_TARGETS =
  "Requests between the load balancer and the tasks are plain HTTP within the VPC, between two security groups that admit nothing else. Load balancers do not verify the certificates of targets, so each task would need a private key without gaining authentication.";

/** Policies that Security Hub recommends for ELB.17, without TLS 1.1 and CBC ciphers. */
const TLS_POLICIES = [
  "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
  "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04",
  "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
  "ELBSecurityPolicy-TLS13-1-3-2021-06",
  "ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04",
];

function redirectsToHttps({ default_action }: Block): boolean {
  return (
    Array.isArray(default_action) &&
    default_action.length > 0 &&
    default_action.every(
      ({ type, redirect }) =>
        type === "redirect" &&
        redirect?.protocol === "HTTPS" &&
        redirect.port === "443" &&
        redirect.status_code === "HTTP_301",
    )
  );
}

const redirecting = (redirect: Block) => [
  {
    type: "redirect",
    redirect: { protocol: "HTTPS", port: "443", status_code: "HTTP_301", ...redirect },
  },
];

const secureListener: Matcher = {
  description: "HTTPS or a redirect to HTTPS",
  accepts: (value) => {
    const listener = value as Block;
    return (
      listener.protocol === "HTTPS" || (listener.protocol === "HTTP" && redirectsToHttps(listener))
    );
  },
  violations: [
    altered<Block>("forwarding HTTP", (listener) => ({
      ...listener,
      protocol: "HTTP",
      default_action: [{ type: "forward" }],
    })),
    altered<Block>("with an unknown protocol", (listener) => ({
      ...listener,
      protocol: UNRESOLVABLE,
    })),
  ],
};

const redirect: Matcher = {
  description: "a permanent redirect to HTTPS",
  accepts: (value) => redirectsToHttps({ default_action: value }),
  violations: [
    [],
    [{ type: "forward", target_group_arn: "${aws_lb_target_group.Elsewhere.arn}" }],
    redirecting({ protocol: "HTTP" }),
    redirecting({ port: UNRESOLVABLE }),
    [...redirecting({}), { type: "forward" }],
  ],
};

const inTwoZones: Matcher = {
  description: "subnets in two availability zones or more",
  accepts: (value, origin) => {
    const zones = referencedResources(value, "aws_subnet", origin)?.map(
      ({ values }) => values.availability_zone,
    );
    return zones !== undefined && !zones.includes(undefined) && new Set(zones).size >= 2;
  },
  violations: [
    [],
    altered<readonly unknown[]>("one subnet", (subnets) => subnets.slice(0, 1)),
    altered<readonly unknown[]>("the same subnet twice", ([subnet]) => [subnet, subnet]),
    altered<readonly unknown[]>("with an unknown subnet", (subnets) => [...subnets, UNRESOLVABLE]),
  ],
};

/** Rule groups that CKV2_AWS_76 requires, for Log4Shell among others. */
const MANAGED_GROUPS = ["AWSManagedRulesAnonymousIpList", "AWSManagedRulesKnownBadInputsRuleSet"];

function managedGroup(rule: Block): Block | undefined {
  return valuesAt(rule, "statement.managed_rule_group_statement")[0] as Block | undefined;
}

const managedRules: Matcher = {
  description: `rules with ${MANAGED_GROUPS.join(" and ")}, their actions not overridden`,
  accepts: (value) =>
    Array.isArray(value) &&
    MANAGED_GROUPS.every((name) =>
      value.some(
        (rule: Block) =>
          managedGroup(rule)?.name === name &&
          valuesAt(rule, "override_action.none")[0] !== undefined,
      ),
    ),
  violations: [
    [],
    ...MANAGED_GROUPS.map((name) =>
      altered<readonly Block[]>(`without ${name}`, (rules) =>
        rules.filter((rule) => managedGroup(rule)?.name !== name),
      ),
    ),
    altered<readonly Block[]>("that only count", (rules) =>
      rules.map((rule) => ({ ...rule, override_action: { count: {} } })),
    ),
  ],
};

const withActions: Matcher = {
  description: "rules, each with an action",
  accepts: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((rule: Block) => rule.action !== undefined || rule.override_action !== undefined),
  violations: [
    [],
    altered<readonly Block[]>("without their actions", (rules) =>
      rules.map(({ action, override_action, ...rule }) => rule),
    ),
  ],
};

const LOG4J = ["Log4JRCE_BODY", "Log4JRCE_HEADER", "Log4JRCE_QUERYSTRING", "Log4JRCE_URIPATH"];

interface Override {
  readonly name?: unknown;
  readonly action_to_use?: { readonly block?: unknown };
}

/** AWS's rules against Log4Shell block requests. Each that does not is a finding of its own. */
const log4jRulesBlock: Check = {
  types: ["aws_wafv2_web_acl"],
  run: (stacks) =>
    resourcesOf(stacks, "aws_wafv2_web_acl").flatMap((acl) =>
      (
        valuesAt(
          acl.values,
          "rule.statement.managed_rule_group_statement.rule_action_override",
        ) as readonly (readonly Override[] | undefined)[]
      )
        .flatMap((overrides) => overrides ?? [])
        .filter(
          ({ name, action_to_use }) =>
            !(isLiteral(name) && !LOG4J.includes(name)) && action_to_use?.block === undefined,
        )
        .map(({ name }) => ({
          address: `${addressOf(acl)} ${name}`,
          attribute: "",
          problem: "must block",
        })),
    ),
  violations: [...LOG4J, UNRESOLVABLE].map((name) => ({
    title: `${name} only counts`,
    apply: (stacks) =>
      resourcesOf(stacks, "aws_wafv2_web_acl").map((acl) => {
        const statement = {
          managed_rule_group_statement: {
            rule_action_override: [{ name, action_to_use: { count: {} } }],
          },
        };
        const rule = [...[acl.values.rule].flat(), { statement }];
        return {
          address: `${addressOf(acl)} ${name}`,
          stacks: withResource(stacks, { ...acl, values: { ...acl.values, rule } }),
        };
      }),
  })),
};

export const loadBalancer: readonly ControlArea[] = [
  {
    name: "Load balancer",
    controls: [
      {
        id: "load-balancer-https",
        title: "Listeners use HTTPS or redirect to it",
        scanners: "CKV_AWS_2 CKV_AWS_378 AWS-0054 ELB.18",
        check: allOf(
          everyIs(LISTENER, secureListener),
          everyHas(
            companions(LOAD_BALANCER, {
              type: LISTENER,
              link: "load_balancer_arn",
              where: hasProtocol("HTTPS"),
            }),
            { certificate_arn: referenceTo("aws_acm_certificate_validation") },
          ),
        ),
        exemptions: [WITHOUT_DOMAIN],
      },
      {
        id: "load-balancer-tls-policy",
        title: "Listeners require TLS 1.2 or later with a recommended policy",
        scanners: "CKV_AWS_103 CKV2_AWS_74 AWS-0047 ELB.17",
        check: everyHas(resources(LISTENER, hasProtocol("HTTPS")), { ssl_policy: TLS_POLICIES }),
        exemptions: [WITHOUT_DOMAIN],
      },
      {
        id: "load-balancer-redirect",
        title: "HTTP redirects to HTTPS",
        scanners: "CKV2_AWS_20 ELB.1",
        check: everyHas(resources(LISTENER, hasProtocol("HTTP")), { default_action: redirect }),
        exemptions: [WITHOUT_DOMAIN],
      },
      {
        id: "load-balancer-access-log",
        title: "Access logs are enabled",
        scanners: "CKV_AWS_91 ELB.5",
        check: everyHas(LOAD_BALANCER, {
          "access_logs.enabled": true,
          "access_logs.bucket": referenceTo("aws_s3_bucket"),
        }),
      },
      {
        id: "load-balancer-headers",
        title: "Invalid headers are dropped",
        scanners: "CKV_AWS_131 AWS-0052 ELB.4",
        check: everyHas(LOAD_BALANCER, { drop_invalid_header_fields: true }),
      },
      {
        id: "load-balancer-deletion-protection",
        title: "Deletion protection is enabled",
        scanners: "CKV_AWS_150 ELB.6",
        check: everyHas(LOAD_BALANCER, { enable_deletion_protection: true }),
        exemptions: [DESTROYABLE_DEV],
      },
      {
        id: "load-balancer-desync",
        title: "Desync mitigation is defensive or strictest",
        scanners: "CKV_AWS_328 ELB.12",
        check: everyHas(LOAD_BALANCER, { desync_mitigation_mode: ["defensive", "strictest"] }),
      },
      {
        id: "load-balancer-waf",
        title: "A web ACL protects the load balancer",
        scanners: "CKV2_AWS_28 ELB.16",
        exemptions: [cheapDev("A web ACL costs more than the tasks.")],
        check: everyHas(
          companions(LOAD_BALANCER, { type: `${WEB_ACL}_association`, link: "resource_arn" }),
          { web_acl_arn: referenceTo(WEB_ACL) },
        ),
      },
      {
        id: "load-balancer-zones",
        title: "The load balancer spans at least two availability zones",
        scanners: "ELB.13",
        exemptions: [ofVpcOwner("service/aws_lb.LoadBalancer")],
        check: everyHas(LOAD_BALANCER, { subnets: inTwoZones }),
      },
      {
        id: "target-group-health-check",
        title: "Targets have a health check over HTTPS",
        scanners: "CKV_AWS_261 ELB.21",
        check: everyHas(TARGETS, { "health_check.enabled": true, "health_check.path": text }),
        declined: [
          {
            type: TARGETS,
            attributes: { "health_check.protocol": "HTTPS" },
            reason: PLAIN_TARGETS,
          },
        ],
      },
      {
        id: "target-group-https",
        title: "Requests to the targets are encrypted",
        scanners: "CKV_AWS_378 ELB.22",
        declined: [{ type: TARGETS, attributes: { protocol: "HTTPS" }, reason: PLAIN_TARGETS }],
      },
    ],
  },
  {
    name: "Web ACL",
    controls: [
      {
        id: "waf",
        title: "The web ACL has rules with metrics, a log, and AWS's rules against Log4Shell",
        scanners:
          "CKV_AWS_175 CKV_AWS_192 CKV_AWS_342 CKV2_AWS_31 CKV2_AWS_76 WAF.10 WAF.11 WAF.12",
        check: allOf(
          everyHas(WEB_ACL, {
            rule: managedRules,
            "rule.visibility_config.cloudwatch_metrics_enabled": true,
            "visibility_config.cloudwatch_metrics_enabled": true,
          }),
          everyHas(WEB_ACL, { rule: withActions }),
          everyHas(
            companions(WEB_ACL, { type: `${WEB_ACL}_logging_configuration`, link: "resource_arn" }),
            { log_destination_configs: listOf(referenceTo("aws_cloudwatch_log_group")) },
          ),
          log4jRulesBlock,
        ),
        exemptions: [
          cheapDev("It has no web ACL.", "aws_wafv2_web_acl"),
          {
            except: ["a cheap dev"],
            of: ["service/aws_wafv2_web_acl.WebAcl Log4JRCE_BODY"],
            reason:
              "The rule only counts matches in bodies: a body holds the Text that a caller encrypts, which may be a log or report that quotes the attack. The service is not written in Java. The rules block matches in headers, paths and queries.",
          },
        ],
      },
    ],
  },
];
