import type { IncomingHttpHeaders } from "node:http";
import type { Service } from "../shared/operation.ts";
import { ownProperty } from "../shared/own-property.ts";
import { cborRequest } from "./cbor.ts";
import { jsonRequest } from "./json.ts";
import type { WireRequest } from "./protocol.ts";
import { queryRequest } from "./query.ts";

/** Services by their Smithy name, as in `X-Amz-Target` and RPC v2 paths. */
const SERVICE_OF_TARGET: Readonly<Record<string, Service>> = {
  TrentService: "kms",
  "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101": "cloudtrail",
  CloudTrail_20131101: "cloudtrail",
  Logs_20140328: "logs",
  GraniteServiceVersion20100801: "cloudwatch",
  AmazonSimpleNotificationService: "sns",
  AWSSecurityTokenServiceV20110615: "sts",
  AmazonEC2ContainerServiceV20141113: "ecs",
  AmazonEC2ContainerRegistry_V20150921: "ecr",
  AWSEvents: "events",
  AWSWAF_20190729: "wafv2",
  AmazonSQS: "sqs",
  secretsmanager: "secretsmanager",
};

/** Services by their signing name, as in a credential scope. */
const SERVICE_OF_SIGNING_NAME: Readonly<Record<string, Service>> = {
  kms: "kms",
  cloudtrail: "cloudtrail",
  logs: "logs",
  monitoring: "cloudwatch",
  sns: "sns",
  sts: "sts",
  ec2: "ec2",
  elasticloadbalancing: "elasticloadbalancing",
  iam: "iam",
  rds: "rds",
};

/** Signing names of REST-XML services, whose clients cannot read errors in JSON. */
const REST_XML = new Set(["s3", "s3express", "s3-outposts", "cloudfront", "route53"]);

const RPC_V2_PATH = /\/service\/([^/]+)\/operation\/([^/]+)$/;

/**
 * Detects the wire protocol of a request and reads it.
 * @param request.signingName the signing name in the credential scope; it is the only place where a Query
 *   request names its service
 */
export function readRequest(request: {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
  readonly signingName: string | undefined;
}): WireRequest {
  const { path, headers, body, signingName } = request;
  const contentType = headers["content-type"] ?? "";

  const rpc = RPC_V2_PATH.exec(path);
  if (headers["smithy-protocol"] === "rpc-v2-cbor" && rpc !== null) {
    const [, name = "", operation = ""] = rpc;
    // The service name in the path may have a namespace.
    const service = ownProperty(SERVICE_OF_TARGET, name.slice(name.lastIndexOf(".") + 1));
    return cborRequest({ service, operation, displayName: `${name}.${operation}`, body });
  }

  const target = headers["x-amz-target"];
  if (typeof target === "string") {
    const dot = target.lastIndexOf(".");
    const operation = target.slice(dot + 1);
    const service = ownProperty(SERVICE_OF_TARGET, target.slice(0, Math.max(0, dot)));
    return jsonRequest({ service, operation, displayName: target, contentType, body });
  }

  if (contentType.startsWith("application/x-www-form-urlencoded")) {
    const form = new URLSearchParams(Buffer.from(body).toString("utf8"));
    const displayName = `${signingName ?? "unsigned"} ${form.get("Action") ?? "(no Action)"}`;
    return queryRequest({
      service: ownProperty(SERVICE_OF_SIGNING_NAME, signingName ?? ""),
      displayName,
      form,
    });
  }

  const displayName = `${signingName === undefined ? "" : `${signingName} `}${path}`;
  if (signingName !== undefined && REST_XML.has(signingName)) {
    return queryRequest({ service: undefined, displayName, form: new URLSearchParams() });
  }
  return jsonRequest({ service: undefined, operation: "", displayName, contentType, body });
}
