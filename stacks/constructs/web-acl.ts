import { CloudwatchLogResourcePolicy } from "@cdktf/provider-aws/lib/cloudwatch-log-resource-policy/index.js";
import { Wafv2WebAcl, type Wafv2WebAclRule } from "@cdktf/provider-aws/lib/wafv2-web-acl/index.js";
import { Wafv2WebAclAssociation } from "@cdktf/provider-aws/lib/wafv2-web-acl-association/index.js";
import { Wafv2WebAclLoggingConfiguration } from "@cdktf/provider-aws/lib/wafv2-web-acl-logging-configuration/index.js";
import { Construct } from "constructs";
import { resourceName } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { fromSource, policyJson, servicePrincipal } from "./policy.ts";

export interface WebAclProps {
  /** The load balancer to protect. */
  readonly resourceArn: string;
  /** A log group whose name starts with `aws-waf-logs-`, as WAF requires. */
  readonly logGroupArn: string;
}

/** Window of the rate limits, also returned as `Retry-After`. */
const WINDOW_SECONDS = 300;
const TOO_MANY_REQUESTS = "TooManyRequests";

/** Routes that accept a Key. */
const KEY_PATHS = ["/decrypt", "/forget"];

/**
 * Rules of AWS's managed rule groups that only count. Bodies contain the Text to encrypt, which may be
 * anything, such as HTML or an exploit, of up to 256 KiB. Clients are programs: they may run at a hosting
 * provider and need not send a User-Agent.
 */
const COUNTED = {
  AWSManagedRulesCommonRuleSet: [
    "NoUserAgent_HEADER",
    "SizeRestrictions_BODY",
    "EC2MetaDataSSRF_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    "CrossSiteScripting_BODY",
  ],
  AWSManagedRulesKnownBadInputsRuleSet: [
    "JavaDeserializationRCE_BODY",
    "Log4JRCE_BODY",
    "ReactJSRCE_BODY",
  ],
  // These groups only add labels, which the rule LimitBadReputation reads.
  AWSManagedRulesAmazonIpReputationList: [
    "AWSManagedIPReputationList",
    "AWSManagedReconnaissanceList",
    "AWSManagedIPDDoSList",
  ],
  AWSManagedRulesAnonymousIpList: ["AnonymousIPList", "HostingProviderIPList"],
} as const;

/** Bad reputation: any label of the first group; of the second all except for hosting providers. */
const REPUTATION_LABELS = [
  { scope: "NAMESPACE", key: "awswaf:managed:aws:amazon-ip-list:" },
  { scope: "LABEL", key: "awswaf:managed:aws:anonymous-ip-list:AnonymousIPList" },
];

/**
 * Limits the rate of each IP address (for all requests, for requests with a Key, and for addresses of bad
 * reputation), applies AWS's rules against common attacks, and logs blocked and counted requests.
 */
export class WebAcl extends Construct {
  constructor(scope: Construct, id: string, { resourceArn, logGroupArn }: WebAclProps) {
    super(scope, id);
    const { env } = CipherwatchStack.of(this).settings;
    const name = resourceName(env, "service");
    const webAcl = new Wafv2WebAcl(this, "Resource", {
      name,
      description: "Protects the load balancer of the service",
      scope: "REGIONAL",
      defaultAction: { allow: {} },
      customResponseBody: [
        {
          key: TOO_MANY_REQUESTS,
          contentType: "APPLICATION_JSON",
          // The same shape as the service's own errors.
          content: JSON.stringify({
            Message: "Too many requests, try again later",
            Code: TOO_MANY_REQUESTS,
          }),
        },
      ],
      rule: this.#rules().map((rule, priority) => ({ ...rule, priority })),
      visibilityConfig: visibility(name),
    });
    new Wafv2WebAclAssociation(this, "Association", { webAclArn: webAcl.arn, resourceArn });
    this.#log(webAcl.arn, logGroupArn);
  }

  #rules(): Omit<Wafv2WebAclRule, "priority">[] {
    const { requestLimit, decryptLimit, reputationLimit } = CipherwatchStack.of(this).settings;
    return [
      managed("AWSManagedRulesAmazonIpReputationList"),
      managed("AWSManagedRulesAnonymousIpList"),
      rateLimit("LimitBadReputation", reputationLimit, anyOf(REPUTATION_LABELS.map(hasLabel))),
      rateLimit("LimitDecrypt", decryptLimit, anyOf(KEY_PATHS.map(startsWith))),
      rateLimit("LimitRequests", requestLimit),
      managed("AWSManagedRulesCommonRuleSet"),
      managed("AWSManagedRulesKnownBadInputsRuleSet"),
    ];
  }

  /** Logs without headers and query strings that may be secret, and without allowed requests: ELB logs those. */
  #log(webAclArn: string, logGroupArn: string): void {
    const stack = CipherwatchStack.of(this);
    const access = new CloudwatchLogResourcePolicy(this, "LogAccess", {
      policyName: resourceName(stack.settings.env, "waf-logs"),
      policyDocument: policyJson(this, "LogPolicy", [
        {
          sid: "WafDeliversLogs",
          principals: servicePrincipal("delivery.logs.amazonaws.com"),
          actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
          resources: [`${logGroupArn}:log-stream:*`],
          conditions: fromSource(stack, stack.regionalArn("logs", "*")),
        },
      ]),
    });
    new Wafv2WebAclLoggingConfiguration(this, "Logging", {
      resourceArn: webAclArn,
      logDestinationConfigs: [logGroupArn],
      redactedFields: [
        { singleHeader: { name: "authorization" } },
        { singleHeader: { name: "cookie" } },
        { queryString: {} }, // the API uses none, but a caller may put a Key there by mistake
      ],
      loggingFilter: {
        defaultBehavior: "DROP",
        filter: [
          {
            behavior: "KEEP",
            requirement: "MEETS_ANY",
            condition: ["BLOCK", "COUNT", "EXCLUDED_AS_COUNT"].map((action) => ({
              actionCondition: { action },
            })),
          },
        ],
      },
      dependsOn: [access],
    });
  }
}

/** A rule's statement in Terraform's spelling: the provider bindings do not type statements. */
type WafStatement = Readonly<Record<string, unknown>>;

function rateLimit(name: string, limit: number, scope?: WafStatement) {
  return {
    name,
    action: {
      block: {
        customResponse: {
          responseCode: 429,
          customResponseBodyKey: TOO_MANY_REQUESTS,
          responseHeader: [{ name: "Retry-After", value: String(WINDOW_SECONDS) }],
        },
      },
    },
    statement: {
      rate_based_statement: {
        limit,
        evaluation_window_sec: WINDOW_SECONDS,
        aggregate_key_type: "IP",
        ...(scope === undefined ? {} : { scope_down_statement: scope }),
      },
    },
    visibilityConfig: visibility(name),
  };
}

function managed(name: keyof typeof COUNTED) {
  return {
    name,
    overrideAction: { none: {} },
    statement: {
      managed_rule_group_statement: {
        vendor_name: "AWS",
        name,
        rule_action_override: COUNTED[name].map((rule) => ({
          name: rule,
          action_to_use: { count: {} },
        })),
      },
    },
    visibilityConfig: visibility(name),
  };
}

function anyOf(statement: readonly WafStatement[]): WafStatement {
  return { or_statement: { statement } };
}

function hasLabel(label: (typeof REPUTATION_LABELS)[number]): WafStatement {
  return { label_match_statement: label };
}

/** Decodes and normalizes the path first, so that `/%64ecrypt` and `/x/../decrypt` match as well. */
function startsWith(path: string): WafStatement {
  return {
    byte_match_statement: {
      field_to_match: { uri_path: {} },
      positional_constraint: "STARTS_WITH",
      search_string: path,
      text_transformation: [
        { priority: 0, type: "URL_DECODE" },
        { priority: 1, type: "NORMALIZE_PATH" },
      ],
    },
  };
}

/** Enables metrics but no sampled requests, which would show what the log redacts. */
function visibility(metricName: string) {
  return { cloudwatchMetricsEnabled: true, sampledRequestsEnabled: false, metricName };
}
