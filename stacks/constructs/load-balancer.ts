import { Lb } from "@cdktf/provider-aws/lib/lb/index.js";
import {
  LbListener,
  type LbListenerDefaultAction,
} from "@cdktf/provider-aws/lib/lb-listener/index.js";
import { LbListenerRule } from "@cdktf/provider-aws/lib/lb-listener-rule/index.js";
import { LbTargetGroup } from "@cdktf/provider-aws/lib/lb-target-group/index.js";
import { Route53Record } from "@cdktf/provider-aws/lib/route53-record/index.js";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group/index.js";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { resourceName, TARGET_GROUP_PREFIX } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { Certificate } from "./certificate.ts";
import { type BucketArns, HardenedBucket } from "./hardened-bucket.ts";
import { type Statement, servicePrincipal } from "./policy.ts";
import { allowTcpFrom, allowTcpTo } from "./security-group-rule.ts";

export interface LoadBalancerProps {
  readonly vpcId: string;
  /** Public subnets in two or more availability zones. */
  readonly subnetIds: readonly string[];
  /** Security group of the tasks. Its ingress rule for the load balancer is added elsewhere. */
  readonly targetSecurityGroupId: string;
  readonly targetPort: number;
  /** Seconds for which a stopping task may finish its requests. */
  readonly drainSeconds: number;
}

/** A target group of the load balancer. */
export interface TargetGroup {
  /** Part of construct ids and names. */
  readonly id: "Targets" | "AlternateTargets";
  readonly arn: string;
  /** `targetgroup/<name>/<id>` */
  readonly arnSuffix: string;
}

const HTTP = 80;
const HTTPS = 443;

/**
 * TLS 1.2 and 1.3, only with cipher suites that have forward secrecy and authenticated encryption.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
 */
const TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06";
const ONE_YEAR_SECONDS = 31_536_000;

/** Idle timeout of connections. The service's own timeout is longer. */
const IDLE_SECONDS = 60;

/** ECS moves requests between two target groups by changing their weights in a listener rule. */
export interface RequestShifting {
  readonly alternate: TargetGroup;
  readonly listenerArn: string;
  readonly ruleArn: string;
}

/**
 * The public entry point: HTTPS if the settings have a domain, otherwise plain HTTP. Only admits the
 * address ranges of the settings.
 */
export class LoadBalancer extends Construct {
  /** `https://<domain>`, or `http://<DNS name of the load balancer>`. */
  readonly endpoint: string;
  readonly loadBalancerArn: string;
  readonly securityGroupId: string;
  /** `app/<name>/<id>` */
  readonly arnSuffix: string;
  readonly targetGroup: TargetGroup;
  /** What ECS needs to shift requests between two versions. Absent with the strategy rolling. */
  readonly shifting: RequestShifting | undefined;
  /** Depend on this before an ECS service registers targets. */
  readonly listener: ITerraformDependable;

  constructor(scope: Construct, id: string, props: LoadBalancerProps) {
    super(scope, id);
    const { env, deletionProtection, domainName } = CipherwatchStack.of(this).settings;
    this.securityGroupId = this.#securityGroup(props);
    const logs = this.#logBucket();
    const loadBalancer = new Lb(this, "Resource", {
      name: resourceName(env, "service"),
      loadBalancerType: "application",
      internal: false,
      ipAddressType: "ipv4",
      subnets: [...props.subnetIds],
      securityGroups: [this.securityGroupId],
      idleTimeout: IDLE_SECONDS,
      dropInvalidHeaderFields: true,
      // The strictest mode would block GET requests with a body, which /decrypt accepts.
      desyncMitigationMode: "defensive",
      enableDeletionProtection: deletionProtection,
      enableWafFailOpen: false,
      accessLogs: { bucket: logs.bucketName, prefix: "access", enabled: true },
      connectionLogs: { bucket: logs.bucketName, prefix: "connection", enabled: true },
      dependsOn: [logs.policy], // ELB writes a test object to the bucket
    });
    this.loadBalancerArn = loadBalancer.arn;
    this.arnSuffix = loadBalancer.arnSuffix;
    this.targetGroup = this.#targetGroup("Targets", props);
    this.endpoint = `${domainName === undefined ? "http" : "https"}://${domainName ?? loadBalancer.dnsName}`;
    const listener = this.#listen(loadBalancer);
    this.shifting = this.#shifting(listener.arn, props);
    this.listener = listener;
  }

  /** @returns the listener that forwards requests */
  #listen(loadBalancer: Lb): LbListener {
    const { domainName, hostedZoneId } = CipherwatchStack.of(this).settings;
    const forward = { type: "forward", targetGroupArn: this.targetGroup.arn };
    if (domainName === undefined || hostedZoneId === undefined) return this.#listenHttp(forward);
    const certificate = new Certificate(this, "Certificate", { domainName, hostedZoneId });
    const listener = this.#listenHttps(certificate, forward);
    this.#listenHttp({
      type: "redirect",
      redirect: { protocol: "HTTPS", port: String(HTTPS), statusCode: "HTTP_301" },
    });
    new Route53Record(this, "Name", {
      zoneId: hostedZoneId,
      name: domainName,
      type: "A",
      alias: {
        name: loadBalancer.dnsName,
        zoneId: loadBalancer.zoneId,
        evaluateTargetHealth: true,
      },
    });
    return listener;
  }

  /** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/alb-resources-for-blue-green.html */
  #shifting(listenerArn: string, props: LoadBalancerProps): RequestShifting | undefined {
    if (CipherwatchStack.of(this).settings.deploymentStrategy === "rolling") return undefined;
    const alternate = this.#targetGroup("AlternateTargets", props);
    const rule = new LbListenerRule(this, "Production", {
      listenerArn,
      priority: 1,
      condition: [{ pathPattern: { values: ["/*"] } }],
      action: [
        {
          type: "forward",
          forward: {
            targetGroup: [
              { arn: this.targetGroup.arn, weight: 100 },
              { arn: alternate.arn, weight: 0 },
            ],
          },
        },
      ],
      // ECS owns the weights: resetting them would send requests to a version without tasks.
      lifecycle: { ignoreChanges: ["action"] },
    });
    return { alternate, listenerArn, ruleArn: rule.arn };
  }

  #securityGroup({ vpcId, targetSecurityGroupId, targetPort }: LoadBalancerProps): string {
    const { env, allowedCidrs, domainName } = CipherwatchStack.of(this).settings;
    const name = resourceName(env, "load-balancer");
    const { id: securityGroupId } = new SecurityGroup(this, "SecurityGroup", {
      name,
      description:
        "Load balancer: admits the address ranges of the settings and reaches the service",
      vpcId,
      tags: { Name: name },
    });
    const ports = domainName === undefined ? [HTTP] : [HTTP, HTTPS];
    for (const cidrIpv4 of allowedCidrs) {
      for (const port of ports) {
        // Derive the id from the range, so that adding one does not change the rules of others.
        allowTcpFrom(this, `Admit-${cidrIpv4.replaceAll(/[./]/g, "-")}-${port}`, {
          securityGroupId,
          peer: { cidrIpv4 },
          port,
          description: "Admitted by CIPHERWATCH_ALLOWED_CIDRS",
        });
      }
    }
    allowTcpTo(this, "ReachService", {
      securityGroupId,
      peer: { referencedSecurityGroupId: targetSecurityGroupId },
      port: targetPort,
      description: "Requests and health checks to the service",
    });
    return securityGroupId;
  }

  /** Has no KMS key: ELB can only write to buckets that are encrypted with S3's own key. */
  #logBucket(): HardenedBucket {
    return new HardenedBucket(this, "Logs", {
      part: "elb-logs",
      expirationDays: CipherwatchStack.of(this).settings.logRetentionDays,
      grants: (bucket) => [this.#grantLogDelivery(bucket)],
    });
  }

  /**
   * The account id in the path excludes load balancers of other accounts. AWS does not document an
   * aws:SourceArn for log delivery; a condition on a missing key would deny every log.
   * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
   */
  #grantLogDelivery({ bucketArn }: BucketArns): Statement {
    const { accountId } = CipherwatchStack.of(this);
    return {
      sid: "LoadBalancerDeliversLogs",
      principals: servicePrincipal("logdelivery.elasticloadbalancing.amazonaws.com"),
      actions: ["s3:PutObject"],
      resources: ["access", "connection"].map(
        (prefix) => `${bucketArn}/${prefix}/AWSLogs/${accountId}/*`,
      ),
    };
  }

  #targetGroup(
    id: TargetGroup["id"],
    { vpcId, targetPort, drainSeconds }: LoadBalancerProps,
  ): TargetGroup {
    const { arn, arnSuffix } = new LbTargetGroup(this, id, {
      namePrefix: TARGET_GROUP_PREFIX, // a replacement needs a new name while a listener uses the old group
      vpcId,
      targetType: "ip",
      protocol: "HTTP",
      port: targetPort,
      deregistrationDelay: String(drainSeconds),
      loadBalancingAlgorithmType: "least_outstanding_requests",
      healthCheck: {
        enabled: true,
        protocol: "HTTP",
        path: "/",
        matcher: "200",
        interval: 15,
        timeout: 5,
        healthyThreshold: 2,
        unhealthyThreshold: 3,
      },
      lifecycle: { createBeforeDestroy: true },
    });
    return { id, arn, arnSuffix };
  }

  #listenHttp(defaultAction: LbListenerDefaultAction): LbListener {
    return new LbListener(this, "Http", {
      loadBalancerArn: this.loadBalancerArn,
      port: HTTP,
      protocol: "HTTP",
      defaultAction: [defaultAction],
    });
  }

  #listenHttps({ certificateArn }: Certificate, forward: LbListenerDefaultAction): LbListener {
    return new LbListener(this, "Https", {
      loadBalancerArn: this.loadBalancerArn,
      port: HTTPS,
      protocol: "HTTPS",
      sslPolicy: TLS_POLICY,
      certificateArn,
      routingHttpResponseStrictTransportSecurityHeaderValue: `max-age=${ONE_YEAR_SECONDS}`,
      routingHttpResponseServerEnabled: false,
      defaultAction: [forward],
    });
  }
}
