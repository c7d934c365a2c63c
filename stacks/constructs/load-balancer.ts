import { Lb } from "@cdktf/provider-aws/lib/lb/index.js";
import { LbListener } from "@cdktf/provider-aws/lib/lb-listener/index.js";
import { LbTargetGroup } from "@cdktf/provider-aws/lib/lb-target-group/index.js";
import { Route53Record } from "@cdktf/provider-aws/lib/route53-record/index.js";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group/index.js";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { resourceName } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { Certificate } from "./certificate.ts";
import { type BucketArns, HardenedBucket } from "./hardened-bucket.ts";
import { type Statement, servicePrincipal } from "./policy.ts";
import { admitTcp, reachTcp } from "./security-group-rule.ts";

export interface LoadBalancerProps {
  readonly vpcId: string;
  /** Public ones, in two zones or more. */
  readonly subnetIds: readonly string[];
  /** Group of the tasks; it admits the load balancer's group by a rule of its own. */
  readonly targetSecurityGroupId: string;
  readonly targetPort: number;
  /** Seconds that a task which is to stop still gets for the requests that it has. */
  readonly drainSeconds: number;
}

const HTTP = 80;
const HTTPS = 443;

/**
 * TLS 1.2 and 1.3 with forward secrecy and authenticated encryption alone.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
 */
const TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06";
const ONE_YEAR_SECONDS = 31_536_000;

/** Seconds without a byte after which a connection is closed; the service keeps its end open longer. */
const IDLE_SECONDS = 60;

/**
 * The public entrance: HTTPS where the settings name a domain, otherwise plain HTTP; either for the
 * address ranges that the settings admit and for nobody else.
 */
export class LoadBalancer extends Construct {
  /** `https://<domain>` or `http://<name that AWS gave it>`. */
  readonly endpoint: string;
  readonly loadBalancerArn: string;
  readonly securityGroupId: string;
  readonly targetGroupArn: string;
  /** How metrics of requests for each target name the two: `app/<name>/<id>/targetgroup/<name>/<id>`. */
  readonly resourceLabel: string;
  /** A service may not register targets before a listener uses the group. */
  readonly listener: ITerraformDependable;

  constructor(scope: Construct, id: string, props: LoadBalancerProps) {
    super(scope, id);
    const { env, deletionProtection, domainName, hostedZoneId } =
      CipherwatchStack.of(this).settings;
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
      // The strictest mode would block a GET with a body, which is how decrypt may be asked for.
      desyncMitigationMode: "defensive",
      enableDeletionProtection: deletionProtection,
      enableWafFailOpen: false,
      accessLogs: { bucket: logs.bucketName, prefix: "access", enabled: true },
      connectionLogs: { bucket: logs.bucketName, prefix: "connection", enabled: true },
      dependsOn: [logs.policy], // ELB writes a test object before it takes the bucket
    });
    this.loadBalancerArn = loadBalancer.arn;
    const targetGroup = this.#targetGroup(props);
    this.targetGroupArn = targetGroup.arn;
    this.resourceLabel = `${loadBalancer.arnSuffix}/${targetGroup.arnSuffix}`;

    if (domainName === undefined || hostedZoneId === undefined) {
      this.endpoint = `http://${loadBalancer.dnsName}`;
      this.listener = this.#listenHttp({ type: "forward", targetGroupArn: this.targetGroupArn });
      return;
    }
    this.endpoint = `https://${domainName}`;
    this.listener = this.#listenHttps(
      new Certificate(this, "Certificate", { domainName, hostedZoneId }),
    );
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
        // The range is in the id, so that adding one changes no other's rule.
        admitTcp(this, `Admit-${cidrIpv4.replaceAll(/[./]/g, "-")}-${port}`, {
          securityGroupId,
          peer: { cidrIpv4 },
          port,
          description: "Admitted by CIPHERWATCH_ALLOWED_CIDRS",
        });
      }
    }
    reachTcp(this, "ReachService", {
      securityGroupId,
      peer: { referencedSecurityGroupId: targetSecurityGroupId },
      port: targetPort,
      description: "Requests and health checks to the service",
    });
    return securityGroupId;
  }

  /** ELB encrypts its logs with S3's own key or does not write them. */
  #logBucket(): HardenedBucket {
    return new HardenedBucket(this, "Logs", {
      part: "elb-logs",
      expirationDays: CipherwatchStack.of(this).settings.logRetentionDays,
      grants: (bucket) => [this.#grantLogDelivery(bucket)],
    });
  }

  /**
   * The account in the path is the load balancer's own, which keeps others' load balancers out. AWS
   * documents no aws:SourceArn for it, and a condition on what is not sent would deny every log.
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

  #targetGroup({ vpcId, targetPort, drainSeconds }: LoadBalancerProps): LbTargetGroup {
    return new LbTargetGroup(this, "Targets", {
      namePrefix: "vault-", // a listener holds the old one, so a new one needs another name
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
  }

  #listenHttp(defaultAction: DefaultAction): LbListener {
    return new LbListener(this, "Http", {
      loadBalancerArn: this.loadBalancerArn,
      port: HTTP,
      protocol: "HTTP",
      defaultAction: [defaultAction],
    });
  }

  #listenHttps({ certificateArn }: Certificate): LbListener {
    return new LbListener(this, "Https", {
      loadBalancerArn: this.loadBalancerArn,
      port: HTTPS,
      protocol: "HTTPS",
      sslPolicy: TLS_POLICY,
      certificateArn,
      routingHttpResponseStrictTransportSecurityHeaderValue: `max-age=${ONE_YEAR_SECONDS}`,
      routingHttpResponseServerEnabled: false,
      defaultAction: [{ type: "forward", targetGroupArn: this.targetGroupArn }],
    });
  }
}

type DefaultAction =
  | { readonly type: "forward"; readonly targetGroupArn: string }
  | {
      readonly type: "redirect";
      readonly redirect: {
        readonly protocol: string;
        readonly port: string;
        readonly statusCode: string;
      };
    };
