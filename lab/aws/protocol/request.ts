import type { IncomingHttpHeaders } from "node:http";
import type { Service } from "../shared/operation.ts";
import { ownProperty } from "../shared/own-property.ts";
import { cborRequest } from "./cbor.ts";
import { jsonRequest } from "./json.ts";
import type { WireRequest } from "./protocol.ts";
import { queryRequest } from "./query.ts";

/** Smithy service names, as `X-Amz-Target` and RPC v2 paths carry them. */
const SERVICE_OF_TARGET: Readonly<Record<string, Service>> = {
  TrentService: "kms",
  "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101": "cloudtrail",
  CloudTrail_20131101: "cloudtrail",
  Logs_20140328: "logs",
  GraniteServiceVersion20100801: "cloudwatch",
  AmazonSimpleNotificationService: "sns",
  AWSSecurityTokenServiceV20110615: "sts",
};

/** Signing names, as credential scopes carry them. */
const SERVICE_OF_SCOPE: Readonly<Record<string, Service>> = {
  kms: "kms",
  cloudtrail: "cloudtrail",
  logs: "logs",
  monitoring: "cloudwatch",
  sns: "sns",
  sts: "sts",
};

/** Signing names of what speaks REST with XML: its clients cannot read a refusal in JSON. */
const REST_XML = new Set(["s3", "s3express", "s3-outposts", "cloudfront", "route53"]);

const RPC_V2_PATH = /\/service\/([^/]+)\/operation\/([^/]+)$/;

/**
 * Tells which protocol a request speaks, and what it asks for.
 * @param scope the signing name of its credential scope; a Query request names its service nowhere else
 */
export function readRequest(request: {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
  readonly scope: string | undefined;
}): WireRequest {
  const { path, headers, body, scope } = request;
  const contentType = headers["content-type"] ?? "";

  const rpc = RPC_V2_PATH.exec(path);
  if (headers["smithy-protocol"] === "rpc-v2-cbor" && rpc !== null) {
    const [, name = "", operation = ""] = rpc;
    // The path carries the bare service name, or one with its namespace.
    const service = ownProperty(SERVICE_OF_TARGET, name.slice(name.lastIndexOf(".") + 1));
    return cborRequest({ service, operation, named: `${name}.${operation}`, body });
  }

  const target = headers["x-amz-target"];
  if (typeof target === "string") {
    const dot = target.lastIndexOf(".");
    const operation = target.slice(dot + 1);
    const service = ownProperty(SERVICE_OF_TARGET, target.slice(0, Math.max(0, dot)));
    return jsonRequest({ service, operation, named: target, contentType, body });
  }

  if (contentType.startsWith("application/x-www-form-urlencoded")) {
    const form = new URLSearchParams(Buffer.from(body).toString("utf8"));
    const named = `${scope ?? "unsigned"} ${form.get("Action") ?? "(no Action)"}`;
    return queryRequest({ service: ownProperty(SERVICE_OF_SCOPE, scope ?? ""), named, form });
  }

  const named = `${scope === undefined ? "" : `${scope} `}${path}`;
  if (scope !== undefined && REST_XML.has(scope)) {
    return queryRequest({ service: undefined, named, form: new URLSearchParams() });
  }
  return jsonRequest({ service: undefined, operation: "", named, contentType, body });
}
