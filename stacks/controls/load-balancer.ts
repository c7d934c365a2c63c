import type { Stacks } from "../../terraform/json.ts";
import { addressOf, resourcesOf, withResource } from "../../terraform/resources.ts";
import type { Area } from "./control.ts";
import { DESTROYABLE } from "./reasons.ts";
import { allOf, every, is, meets, type Rule } from "./rule.ts";
import { companions, resources } from "./subject.ts";
import { type Values, valuesAt } from "./values.ts";
import {
  altered,
  equal,
  isLiteral,
  isTrue,
  listOf,
  oneOf,
  referenceTo,
  referred,
  text,
  UNRESOLVABLE,
  type Wanted,
} from "./wanted.ts";

const isProtocol = (protocol: string) => (values: Values) => values.protocol === protocol;
const LISTENER = "aws_lb_listener";
const WITHOUT_DOMAIN =
  "Without a domain there is no certificate. The load balancer then serves plain HTTP, to the ranges of `CIPHERWATCH_ALLOWED_CIDRS` and never to every address, and each synth warns of it. `CIPHERWATCH_DOMAIN_NAME` and `CIPHERWATCH_HOSTED_ZONE_ID` bring TLS.";

/** Of what Security Hub recommends for ELB.17, the policies without TLS 1.1 and without CBC. */
const TLS_POLICIES = [
  "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
  "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04",
  "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
  "ELBSecurityPolicy-TLS13-1-3-2021-06",
  "ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04",
];

function redirectsToHttps({ default_action }: Values): boolean {
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

const redirecting = (redirect: Values) => [
  {
    type: "redirect",
    redirect: { protocol: "HTTPS", port: "443", status_code: "HTTP_301", ...redirect },
  },
];

const secureListener: Wanted = {
  says: "HTTPS, or a redirect to it",
  accepts: (value) => {
    const listener = value as Values;
    return (
      listener.protocol === "HTTPS" || (listener.protocol === "HTTP" && redirectsToHttps(listener))
    );
  },
  wrong: [
    altered<Values>("forwarding HTTP", (listener) => ({
      ...listener,
      protocol: "HTTP",
      default_action: [{ type: "forward" }],
    })),
    altered<Values>("of an unknown protocol", (listener) => ({
      ...listener,
      protocol: UNRESOLVABLE,
    })),
  ],
};

const redirect: Wanted = {
  says: "a permanent redirect to HTTPS",
  accepts: (value) => redirectsToHttps({ default_action: value }),
  wrong: [
    [],
    [{ type: "forward", target_group_arn: "${aws_lb_target_group.Elsewhere.arn}" }],
    redirecting({ protocol: "HTTP" }),
    redirecting({ port: UNRESOLVABLE }),
    [...redirecting({}), { type: "forward" }],
  ],
};

const inTwoZones: Wanted = {
  says: "subnets in two availability zones or more",
  accepts: (value, origin) => {
    const zones = referred(value, "aws_subnet", origin)?.map(
      ({ values }) => values.availability_zone,
    );
    return zones !== undefined && !zones.includes(undefined) && new Set(zones).size >= 2;
  },
  wrong: [
    [],
    altered<readonly unknown[]>("one subnet", (subnets) => subnets.slice(0, 1)),
    altered<readonly unknown[]>("one subnet twice", ([subnet]) => [subnet, subnet]),
    altered<readonly unknown[]>("an unknown one among them", (subnets) => [
      ...subnets,
      UNRESOLVABLE,
    ]),
  ],
};

/** What CKV2_AWS_76 wants before a load balancer, for Log4Shell among others. */
const MANAGED_GROUPS = ["AWSManagedRulesAnonymousIpList", "AWSManagedRulesKnownBadInputsRuleSet"];

function managedGroup(rule: Values): Values | undefined {
  return valuesAt(rule, "statement.managed_rule_group_statement")[0] as Values | undefined;
}

const managedRules: Wanted = {
  says: `rules with ${MANAGED_GROUPS.join(" and ")}, as AWS made them`,
  accepts: (value) =>
    Array.isArray(value) &&
    MANAGED_GROUPS.every((name) =>
      value.some(
        (rule: Values) =>
          managedGroup(rule)?.name === name &&
          valuesAt(rule, "override_action.none")[0] !== undefined,
      ),
    ),
  wrong: [
    [],
    ...MANAGED_GROUPS.map((name) =>
      altered<readonly Values[]>(`without ${name}`, (rules) =>
        rules.filter((rule) => managedGroup(rule)?.name !== name),
      ),
    ),
    altered<readonly Values[]>("all of which only count", (rules) =>
      rules.map((rule) => ({ ...rule, override_action: { count: {} } })),
    ),
  ],
};

/** Every rule decides something: by itself, or by the group that it stands for. */
const deciding: Wanted = {
  says: "rules with an action each",
  accepts: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((rule: Values) => rule.action !== undefined || rule.override_action !== undefined),
  wrong: [
    [],
    altered<readonly Values[]>("without their actions", (rules) =>
      rules.map(({ action, override_action, ...rule }) => rule),
    ),
  ],
};

const LOG4J = ["Log4JRCE_BODY", "Log4JRCE_HEADER", "Log4JRCE_QUERYSTRING", "Log4JRCE_URIPATH"];

interface Override {
  readonly name?: unknown;
  readonly action_to_use?: { readonly block?: unknown };
}

/** AWS's rules against Log4Shell block; each that does not is a finding of its own. */
const log4jBlocks: Rule = {
  types: ["aws_wafv2_web_acl"],
  check: (stacks) =>
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
          problem: "does not block",
        })),
    ),
  examples: [...LOG4J, UNRESOLVABLE].map((name) => ({
    title: `${name} only counts`,
    broken: (stacks) =>
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

const TARGETS = "aws_lb_target_group";
const PLAIN_TARGETS =
  "Between the load balancer and the tasks requests are plain HTTP: within the VPC, from one security group to the other, where nothing else is admitted. A certificate in each task would be one that nobody checks (a load balancer takes any that a target shows), and a private key to look after.";

/** The targets as they would be with a certificate in each task. */
function withEncryptedTargets(stacks: Stacks): Stacks {
  return resourcesOf(stacks, TARGETS).reduce((changed, targets) => {
    const health_check = { ...(targets.values.health_check as Values), protocol: "HTTPS" };
    const values = { ...targets.values, protocol: "HTTPS", health_check };
    return withResource(changed, { ...targets, values });
  }, stacks);
}

export const loadBalancer: readonly Area[] = [
  {
    name: "Load balancer",
    controls: [
      {
        id: "load-balancer-https",
        title: "Listeners speak HTTPS, or redirect to it",
        checkov: ["CKV_AWS_2", "CKV_AWS_378"],
        trivy: ["AWS-0054"],
        securityHub: ["ELB.18"],
        rule: allOf(
          every(LISTENER, meets(secureListener)),
          every(
            companions("aws_lb", {
              type: LISTENER,
              link: "load_balancer_arn",
              where: isProtocol("HTTPS"),
            }),
            is("certificate_arn", referenceTo("aws_acm_certificate_validation")),
          ),
        ),
        refusals: [{ under: ["without a domain"], reason: WITHOUT_DOMAIN }],
      },
      {
        id: "load-balancer-tls-policy",
        title: "TLS 1.2 or newer, with a policy that AWS recommends",
        checkov: ["CKV_AWS_103", "CKV2_AWS_74"],
        trivy: ["AWS-0047"],
        securityHub: ["ELB.17"],
        rule: every(
          resources(LISTENER, isProtocol("HTTPS")),
          is(
            "ssl_policy",
            oneOf(TLS_POLICIES, "ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-TLS13-1-0-2021-06"),
          ),
        ),
        refusals: [{ under: ["without a domain"], reason: WITHOUT_DOMAIN }],
      },
      {
        id: "load-balancer-redirect",
        title: "HTTP redirects to HTTPS",
        checkov: ["CKV2_AWS_20"],
        securityHub: ["ELB.1"],
        rule: every(resources(LISTENER, isProtocol("HTTP")), is("default_action", redirect)),
        refusals: [{ under: ["without a domain"], reason: WITHOUT_DOMAIN }],
      },
      {
        id: "load-balancer-access-log",
        title: "Requests are logged",
        checkov: ["CKV_AWS_91"],
        securityHub: ["ELB.5"],
        rule: every(
          "aws_lb",
          is("access_logs.enabled", isTrue),
          is("access_logs.bucket", referenceTo("aws_s3_bucket")),
        ),
      },
      {
        id: "load-balancer-headers",
        title: "Headers that are none are dropped",
        checkov: ["CKV_AWS_131"],
        trivy: ["AWS-0052"],
        securityHub: ["ELB.4"],
        rule: every("aws_lb", is("drop_invalid_header_fields", isTrue)),
      },
      {
        id: "load-balancer-deletion-protection",
        title: "Deletion protection is on",
        checkov: ["CKV_AWS_150"],
        securityHub: ["ELB.6"],
        rule: every("aws_lb", is("enable_deletion_protection", isTrue)),
        refusals: [{ under: ["dev"], reason: DESTROYABLE }],
      },
      {
        id: "load-balancer-desync",
        title: "Desync mitigation is defensive or strictest",
        checkov: ["CKV_AWS_328"],
        securityHub: ["ELB.12"],
        rule: every(
          "aws_lb",
          is("desync_mitigation_mode", oneOf(["defensive", "strictest"], "monitor")),
        ),
      },
      {
        id: "load-balancer-waf",
        title: "A web ACL stands before it",
        checkov: ["CKV2_AWS_28"],
        securityHub: ["ELB.16"],
        rule: every(
          companions("aws_lb", { type: "aws_wafv2_web_acl_association", link: "resource_arn" }),
          is("web_acl_arn", referenceTo("aws_wafv2_web_acl")),
        ),
      },
      {
        id: "load-balancer-zones",
        title: "It stands in two availability zones or more",
        securityHub: ["ELB.13"],
        rule: every("aws_lb", is("subnets", inTwoZones)),
      },
      {
        id: "target-group-health-check",
        title: "Targets have a health check, which is encrypted",
        checkov: ["CKV_AWS_261"],
        securityHub: ["ELB.21"],
        rule: {
          ...every(
            TARGETS,
            is("health_check.enabled", isTrue),
            is("health_check.path", text),
            is("health_check.protocol", equal("HTTPS", "HTTP")),
          ),
          met: withEncryptedTargets,
        },
        refusals: [{ attribute: "health_check.protocol", reason: PLAIN_TARGETS }],
      },
      {
        id: "target-group-https",
        title: "Requests to the targets are encrypted",
        checkov: ["CKV_AWS_378"],
        securityHub: ["ELB.22"],
        rule: {
          ...every(TARGETS, is("protocol", equal("HTTPS", "HTTP"))),
          met: withEncryptedTargets,
        },
        refusals: [{ reason: PLAIN_TARGETS }],
      },
    ],
  },
  {
    name: "Web ACL",
    controls: [
      {
        id: "waf",
        title: "It has rules, with metrics, a log, and AWS's own against Log4Shell",
        checkov: ["CKV_AWS_175", "CKV_AWS_192", "CKV_AWS_342", "CKV2_AWS_31", "CKV2_AWS_76"],
        securityHub: ["WAF.10", "WAF.11", "WAF.12"],
        rule: allOf(
          every(
            "aws_wafv2_web_acl",
            is("rule", deciding),
            is("rule", managedRules),
            is("rule.visibility_config.cloudwatch_metrics_enabled", isTrue),
            is("visibility_config.cloudwatch_metrics_enabled", isTrue),
          ),
          every(
            companions("aws_wafv2_web_acl", {
              type: "aws_wafv2_web_acl_logging_configuration",
              link: "resource_arn",
            }),
            is("log_destination_configs", listOf(referenceTo("aws_cloudwatch_log_group"))),
          ),
          log4jBlocks,
        ),
        refusals: [
          {
            of: ["service/aws_wafv2_web_acl.WebAcl Log4JRCE_BODY"],
            reason:
              "In bodies the rule counts and does not block: a body holds the Text that a caller wants sealed, which may be a log or a report that quotes the attack. The service is not written in Java. In headers, paths and queries the rules block.",
          },
        ],
      },
    ],
  },
];
