import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { AwsStructure, AwsValue, Service } from "../shared/operation.ts";
import type { WireRequest } from "./protocol.ts";
import { queryCode } from "./query-codes.ts";

const NAMESPACES: Readonly<Partial<Record<Service, string>>> = {
  cloudwatch: "http://monitoring.amazonaws.com/doc/2010-08-01/",
  sns: "http://sns.amazonaws.com/doc/2010-03-31/",
  sts: "https://sts.amazonaws.com/doc/2011-06-15/",
  ec2: "http://ec2.amazonaws.com/doc/2016-11-15/",
  elasticloadbalancing: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
  iam: "https://iam.amazonaws.com/doc/2010-05-08/",
  rds: "http://rds.amazonaws.com/doc/2014-10-31/",
};

/** Errors raised before a request reaches its service, which have other codes in the Query protocol. */
const QUERY_ERRORS: Readonly<Record<string, { readonly code: string; readonly status: number }>> = {
  IncompleteSignatureException: { code: "IncompleteSignature", status: 400 },
  MissingAuthenticationTokenException: { code: "MissingAuthenticationToken", status: 403 },
  SerializationException: { code: "MalformedInput", status: 400 },
  UnknownOperationException: { code: "InvalidAction", status: 400 },
};

/** More than any Query request needs; rejects nesting that would overflow the stack. */
const MAX_DEPTH = 32;

/**
 * Reads an AWS Query request: a form with an `Action` and members with dotted names, all of them
 * strings. Responses are XML.
 * @see https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
export function queryRequest(request: {
  readonly service: Service | undefined;
  readonly displayName: string;
  readonly form: URLSearchParams;
}): WireRequest {
  const { service, displayName, form } = request;
  const operation = form.get("Action") ?? "";
  const namespace = service && NAMESPACES[service];
  const xmlns = namespace === undefined ? "" : ` xmlns="${namespace}"`;
  const headers = { "content-type": "text/xml" };
  return {
    service: namespace === undefined ? undefined : service,
    operation,
    displayName,
    input: () => readForm(form),
    success: (output, requestId) => ({
      status: 200,
      headers,
      body: `<${operation}Response${xmlns}>${service === "ec2" ? ec2Result(output, requestId) : queryResult(operation, output, requestId)}</${operation}Response>`,
    }),
    failure: (error, requestId) => {
      const { code, status } = QUERY_ERRORS[error.code] ?? error;
      const details = { Code: queryCode(code), Message: error.message };
      const body =
        service === "ec2"
          ? `<Response><Errors>${element("Error", details)}</Errors>${element("RequestID", requestId)}</Response>`
          : `<ErrorResponse${xmlns}>${element("Error", {
              Type: status < 500 ? "Sender" : "Receiver",
              ...details,
            })}${element("RequestId", requestId)}</ErrorResponse>`;
      return { status, headers, body };
    },
  };
}

function queryResult(operation: string, output: AwsStructure, requestId: string): string {
  return (
    element(`${operation}Result`, output) +
    `<ResponseMetadata>${element("RequestId", requestId)}</ResponseMetadata>`
  );
}

/** @see https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html */
function ec2Result(output: AwsStructure, requestId: string): string {
  return element("requestId", requestId) + content(output);
}

type Branch = Map<string, Branch | string>;

function readForm(form: URLSearchParams): unknown {
  const root: Branch = new Map();
  for (const [name, value] of form) {
    if (name === "Action" || name === "Version") continue;
    const path = name.split(".");
    const last = path.pop() ?? "";
    if (path.length >= MAX_DEPTH) throw malformed(name);
    let branch = root;
    for (const step of path) {
      const next = branch.get(step) ?? new Map();
      if (typeof next === "string") throw malformed(name);
      branch.set(step, next);
      branch = next;
    }
    if (branch.get(last) instanceof Map) throw malformed(name);
    branch.set(last, value);
  }
  return structure(root);
}

function malformed(name: string): AwsError {
  return new AwsError(
    "SerializationException",
    `The parameter ${name.slice(0, 256)} is malformed.`,
  );
}

function member(branch: Branch | string): unknown {
  if (typeof branch === "string") return branch;
  if (branch.size === 1) {
    const list = branch.get("member");
    if (list instanceof Map) return numbered(list).map(member);
    const map = branch.get("entry");
    if (map instanceof Map) return Object.fromEntries(numbered(map).map(entry));
    // RDS uses a different item name for each list.
    const [items] = branch.values();
    if (items instanceof Map && isNumbered(items)) return numbered(items).map(member);
  }
  // EC2 numbers list items without an item name.
  return isNumbered(branch) ? numbered(branch).map(member) : structure(branch);
}

function structure(branch: Branch): Record<string, unknown> {
  return Object.fromEntries([...branch].map(([name, value]) => [name, member(value)]));
}

function isNumbered(branch: Branch): boolean {
  return branch.size > 0 && [...branch.keys()].every((key) => /^[1-9]\d{0,8}$/.test(key));
}

/** Returns the values of `N → value` in the order of N. As in AWS, the numbers may have gaps. */
function numbered(branch: Branch): (Branch | string)[] {
  return [...branch]
    .map(([index, value]) => {
      if (!/^[1-9]\d{0,8}$/.test(index)) throw malformed(index);
      return [Number(index), value] as const;
    })
    .sort(([a], [b]) => a - b)
    .map(([, value]) => value);
}

function entry(branch: Branch | string): [string, unknown] {
  if (typeof branch === "string") throw malformed("entry");
  // SNS uses `Name` and `Value` instead of the protocol's default names.
  const key = branch.get("key") ?? branch.get("Name");
  const value = branch.get("value") ?? branch.get("Value");
  if (typeof key !== "string" || value === undefined) throw malformed("entry");
  return [key, member(value)];
}

function element(name: string, value: AwsValue | undefined): string {
  if (value === undefined || value === null) return "";
  return `<${name}>${content(value)}</${name}>`;
}

function content(value: AwsValue): string {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map((item) => element("member", item)).join("");
  if (value instanceof Map) {
    return [...value].map(([key, item]) => element("entry", { key, value: item })).join("");
  }
  if (typeof value === "object" && value !== null) {
    return Object.entries(value as AwsStructure)
      .map(([name, item]) => element(name, item))
      .join("");
  }
  return escapeXml(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#xD;",
};

function escapeXml(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 cannot represent these.
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
      .replaceAll(/[&<>"\r]/g, (character) => ENTITIES[character] ?? character)
  );
}
