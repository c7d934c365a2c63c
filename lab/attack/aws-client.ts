import type { Credentials } from "../aws/sts/identities.ts";
import { fetchFromLab } from "../fetch-from-lab.ts";

/** The target prefixes of services with the JSON protocol. */
const TARGETS = {
  cloudtrail: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
  cloudwatch: "GraniteServiceVersion20100801",
  ecr: "AmazonEC2ContainerRegistry_V20150921",
  ecs: "AmazonEC2ContainerServiceV20141113",
  kms: "TrentService",
  logs: "Logs_20140328",
  secretsmanager: "secretsmanager",
  sqs: "AmazonSQS",
  wafv2: "AWSWAF_20190729",
} as const;

/** The API versions of services with the Query protocol. */
const VERSIONS = {
  ec2: "2016-11-15",
  elasticloadbalancing: "2015-12-01",
  iam: "2010-05-08",
  rds: "2014-10-31",
  sns: "2010-03-31",
  sts: "2011-06-15",
} as const;

/** An error response of AWS. */
export class AwsCallError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Calls AWS as one identity, in the protocol of each service. Its requests have no valid signature. */
export interface AwsClient {
  /** Calls an operation of a service with the JSON protocol. @throws AwsCallError */
  readonly json: (
    service: keyof typeof TARGETS,
    operation: string,
    input?: object,
  ) => Promise<Readonly<Record<string, unknown>>>;
  /**
   * Calls an operation of a service with the Query protocol.
   * @param input names with dots and their values, such as `ValuesToAdd.AttributeValue.1`
   * @returns the response in XML
   * @throws AwsCallError
   */
  readonly query: (
    service: keyof typeof VERSIONS,
    operation: string,
    input?: Readonly<Record<string, string>>,
  ) => Promise<string>;
}

export interface AwsClientOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Pick<Credentials, "accessKeyId">;
  /** Receives the request id of each call, whether it succeeds or fails. */
  readonly onCall: (requestId: string) => void;
}

export function createAwsClient(options: AwsClientOptions): AwsClient {
  const send = async (
    service: string,
    headers: Readonly<Record<string, string>>,
    body: string,
  ): Promise<{ readonly ok: boolean; readonly text: string }> => {
    const { endpoint, region, credentials, onCall } = options;
    const scope = `${credentials.accessKeyId}/20260101/${region}/${service}/aws4_request`;
    const Authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`;
    const response = await fetchFromLab("AWS endpoint", endpoint, {
      method: "POST",
      headers: { ...headers, Authorization },
      body,
    });
    onCall(response.headers.get("x-amzn-requestid") ?? "");
    return { ok: response.ok, text: await response.text() };
  };
  return {
    json: async (service, operation, input = {}) => {
      const target = `${TARGETS[service]}.${operation}`;
      const headers = { "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target };
      const { ok, text } = await send(service, headers, JSON.stringify(input));
      const output = text === "" ? {} : JSON.parse(text);
      if (ok) return output;
      throw new AwsCallError(String(output.__type), `${operation} failed: ${text}`);
    },
    query: async (service, operation, input = {}) => {
      const form = new URLSearchParams({
        Action: operation,
        Version: VERSIONS[service],
        ...input,
      });
      const headers = { "Content-Type": "application/x-www-form-urlencoded; charset=utf-8" };
      const { ok, text } = await send(service, headers, form.toString());
      if (ok) return text;
      const code = elementOf(text, "Code");
      throw new AwsCallError(code, `${operation} failed: ${code}: ${elementOf(text, "Message")}`);
    },
  };
}

/** Returns the text of the first element with a name; "" if there is none. */
export function elementOf(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "";
}

/** Awaits a call that policies must deny. @throws Error if it succeeds or fails otherwise */
export async function expectDenied(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (error instanceof AwsCallError && error.code.startsWith("AccessDenied")) return;
    throw error;
  }
  throw new Error("A call succeeded that policies must deny; expected AccessDenied.");
}
