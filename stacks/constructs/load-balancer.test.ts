import { describe, expect, test } from "vitest";
import { settingsOf } from "../../settings/testing.ts";
import { synthStack } from "../../terraform/cdktf/synthesize.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { ACCOUNT, conditionsOf, resourceOf, statementOf } from "../testing/synthesized.ts";
import { LoadBalancer } from "./load-balancer.ts";

type Variables = Readonly<Record<string, string>>;

function build(variables: Variables = {}) {
  let endpoint = "";
  const stack = synthStack((app) => {
    const scope = new CipherwatchStack(app, "service", { settings: settingsOf(variables) });
    ({ endpoint } = new LoadBalancer(scope, "LoadBalancer", {
      vpcId: "vpc-1",
      subnetIds: ["subnet-a", "subnet-b"],
      targetSecurityGroupId: "sg-tasks",
      targetPort: 8080,
      drainSeconds: 30,
    }));
    return scope;
  });
  return { stack, endpoint };
}

const RANGES = { ALLOWED_CIDRS: "203.0.113.0/24,198.51.100.7/32" };
const DOMAIN = { DOMAIN_NAME: "vault.example.com", HOSTED_ZONE_ID: "Z0123456789" };

const { stack } = build(RANGES);
const loadBalancer = resourceOf(stack, "aws_lb");

/** The admitted ranges and ports, such as `203.0.113.0/24:80`, sorted. */
function admitted(variables: Variables): readonly string[] {
  const rules = build(variables).stack.resource?.aws_vpc_security_group_ingress_rule ?? {};
  return Object.values(rules)
    .map(({ cidr_ipv4, from_port, to_port, ip_protocol }) => {
      expect([ip_protocol, to_port]).toEqual(["tcp", from_port]);
      return `${cidr_ipv4}:${from_port}`;
    })
    .sort();
}

describe("the load balancer", () => {
  test("is in the public subnets and drops invalid headers", () => {
    expect(loadBalancer).toMatchObject({
      load_balancer_type: "application",
      internal: false,
      subnets: ["subnet-a", "subnet-b"],
      security_groups: [expect.stringMatching(/^\$\{aws_security_group\.LoadBalancer_/)],
      drop_invalid_header_fields: true,
      enable_waf_fail_open: false,
    });
  });

  test("accepts GET requests with a body, unlike the strictest desync mitigation mode", () => {
    expect(loadBalancer).toMatchObject({ desync_mitigation_mode: "defensive" });
  });

  test("is protected from deletion in prod", () => {
    expect(loadBalancer).toMatchObject({ enable_deletion_protection: false });
    expect(resourceOf(build({ ENV: "prod" }).stack, "aws_lb")).toMatchObject({
      enable_deletion_protection: true,
    });
  });

  test("logs requests and connections to its bucket, after the bucket policy exists", () => {
    const bucket = expect.stringMatching(/^\$\{aws_s3_bucket\.LoadBalancer_Logs_.+\.bucket\}$/);
    expect(loadBalancer).toMatchObject({
      access_logs: { enabled: true, bucket, prefix: "access" },
      connection_logs: { enabled: true, bucket, prefix: "connection" },
      depends_on: [expect.stringMatching(/^aws_s3_bucket_policy\.LoadBalancer_Logs_/)],
    });
  });

  test("encrypts the log bucket with S3's key and only accepts logs of this account", () => {
    const encryption = resourceOf(stack, "aws_s3_bucket_server_side_encryption_configuration");
    expect(encryption.rule).toEqual([
      { apply_server_side_encryption_by_default: { sse_algorithm: "AES256" } },
    ]);
    const { policy } = resourceOf(stack, "aws_s3_bucket_policy");
    const delivery = statementOf(stack, policy, "LoadBalancerDeliversLogs");
    expect(delivery).toMatchObject({
      principals: [
        { type: "Service", identifiers: ["logdelivery.elasticloadbalancing.amazonaws.com"] },
      ],
      actions: ["s3:PutObject"],
      resources: [
        expect.stringMatching(/\/access\/AWSLogs\//),
        expect.stringMatching(/\/connection\/AWSLogs\//),
      ],
    });
    for (const resource of delivery.resources ?? []) {
      expect(resource).toSatisfy((arn: string) => arn.endsWith(`/AWSLogs/${ACCOUNT}/*`));
    }
    expect(conditionsOf(delivery)).toEqual([]);
  });
});

describe("admitted clients", () => {
  test("are none by default, with and without TLS", () => {
    expect(admitted({})).toEqual([]);
    expect(admitted(DOMAIN)).toEqual([]);
  });

  test("are the ranges of the settings on port 80 without TLS", () => {
    expect(admitted(RANGES)).toEqual(["198.51.100.7/32:80", "203.0.113.0/24:80"]);
  });

  test("are the ranges of the settings on ports 443 and 80 with TLS", () => {
    expect(admitted({ ...DOMAIN, ALLOWED_CIDRS: "0.0.0.0/0" })).toEqual([
      "0.0.0.0/0:443",
      "0.0.0.0/0:80",
    ]);
  });

  test("keep their rules when a range is added", () => {
    const rulesOf = (ALLOWED_CIDRS: string) =>
      build({ ALLOWED_CIDRS }).stack.resource?.aws_vpc_security_group_ingress_rule ?? {};
    const before = rulesOf("203.0.113.0/24");
    expect(rulesOf("198.51.100.7/32,203.0.113.0/24")).toMatchObject(before);
    expect(Object.keys(before)).toHaveLength(1);
  });

  test("are forwarded to the tasks' port, the only egress rule", () => {
    expect(resourceOf(stack, "aws_vpc_security_group_egress_rule")).toMatchObject({
      referenced_security_group_id: "sg-tasks",
      ip_protocol: "tcp",
      from_port: 8080,
      to_port: 8080,
    });
  });
});

describe("the targets", () => {
  test("are tasks, registered by address and checked at /", () => {
    expect(resourceOf(stack, "aws_lb_target_group")).toMatchObject({
      target_type: "ip",
      protocol: "HTTP",
      port: 8080,
      vpc_id: "vpc-1",
      health_check: { enabled: true, protocol: "HTTP", path: "/", matcher: "200" },
    });
  });

  test("have the same time to finish requests as a stopping task", () => {
    expect(resourceOf(stack, "aws_lb_target_group")).toMatchObject({ deregistration_delay: "30" });
  });
});

describe("without a domain", () => {
  test("serves HTTP at the load balancer's DNS name", () => {
    expect(resourceOf(stack, "aws_lb_listener")).toMatchObject({
      port: 80,
      protocol: "HTTP",
      default_action: [{ type: "forward" }],
    });
    expect(stack.resource).not.toHaveProperty("aws_acm_certificate");
    const { stack: plain, endpoint } = build();
    expect(endpoint).toMatch(/^http:\/\//);
    expect(plain.resource).not.toHaveProperty("aws_route53_record");
  });
});

describe("with a domain", () => {
  const { stack, endpoint } = build({ ...RANGES, ...DOMAIN });

  test("serves the domain", () => {
    expect(endpoint).toBe("https://vault.example.com");
    expect(resourceOf(stack, "aws_route53_record", "LoadBalancer_Name")).toMatchObject({
      zone_id: "Z0123456789",
      name: "vault.example.com",
      type: "A",
      alias: { name: expect.stringMatching(/^\$\{aws_lb\..+\.dns_name\}$/) },
    });
  });

  test("requires TLS 1.2 or newer, with an issued certificate", () => {
    expect(resourceOf(stack, "aws_lb_listener", "LoadBalancer_Https")).toMatchObject({
      port: 443,
      protocol: "HTTPS",
      ssl_policy: "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
      certificate_arn: expect.stringMatching(
        /^\$\{aws_acm_certificate_validation\..+\.certificate_arn\}$/,
      ),
      default_action: [{ type: "forward" }],
    });
  });

  test("sends Strict-Transport-Security", () => {
    expect(resourceOf(stack, "aws_lb_listener", "LoadBalancer_Https")).toMatchObject({
      routing_http_response_strict_transport_security_header_value: "max-age=31536000",
    });
  });

  test("redirects HTTP to HTTPS", () => {
    expect(resourceOf(stack, "aws_lb_listener", "LoadBalancer_Http_")).toMatchObject({
      port: 80,
      default_action: [
        { type: "redirect", redirect: { protocol: "HTTPS", port: "443", status_code: "HTTP_301" } },
      ],
    });
  });

  test("adds ACM's validation record to the zone", () => {
    expect(resourceOf(stack, "aws_acm_certificate")).toMatchObject({
      domain_name: "vault.example.com",
      validation_method: "DNS",
      lifecycle: { create_before_destroy: true },
    });
    expect(resourceOf(stack, "aws_route53_record", "LoadBalancer_Certificate")).toMatchObject({
      zone_id: "Z0123456789",
      name: expect.stringMatching(/domain_validation_options\)\.0\.resource_record_name\}$/),
    });
  });
});
