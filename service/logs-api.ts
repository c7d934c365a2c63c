import { setTimeout as delay } from "node:timers/promises";
import { HttpRequest } from "@smithy/core/transport";
import type { Credentials } from "./credentials.ts";
import { createSigner } from "./request-signer.ts";

/**
 * Calls an operation of CloudWatch Logs and returns its output.
 * @throws LogsError
 */
export type CallLogs = (operation: string, input: object, signal: AbortSignal) => Promise<unknown>;

/** CloudWatch Logs did not do what it was asked. */
export class LogsError extends Error {
  /** The name of the AWS error, or the system's error code. */
  readonly reason: string;

  constructor(reason: string) {
    super(`CloudWatch Logs failed: ${reason}`);
    this.name = "LogsError";
    this.reason = reason;
  }
}

const ATTEMPTS = 3;

/** Milliseconds before the second attempt; each further one waits twice as long. */
const PAUSE = 100;

/**
 * The difference of times, in milliseconds, from which an error counts as one of the clock. AWS rejects signatures from
 * 5 minutes; the SDK uses 4 as well.
 */
const CLOCK_SKEW = 240_000;

const MAY_REPEAT =
  /^(ThrottlingException|ServiceUnavailableException|LimitExceededException|HTTP 5\d\d)$/;

/**
 * Calls CloudWatch Logs without its SDK, whose client the service would need for three operations. Uses the
 * SDK's environment variables for the endpoint. Signs with the time of CloudWatch Logs, as the SDK does: the clock of
 * a container may be off.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/CommonParameters.html
 * @param attemptTimeout milliseconds
 */
export function createCallLogs(
  region: string,
  attemptTimeout: number,
  credentials: Credentials,
): CallLogs {
  const signer = createSigner(credentials, region, "logs");
  const endpoint = new URL(endpointOf(region, process.env));
  /** The time of CloudWatch Logs minus that of the process, in milliseconds. */
  let clockOffset = 0;

  async function attempt(operation: string, body: string, signal: AbortSignal): Promise<unknown> {
    const request = new HttpRequest({
      method: "POST",
      path: "/",
      headers: {
        "content-type": "application/x-amz-json-1.1",
        host: endpoint.host,
        "x-amz-target": `Logs_20140328.${operation}`,
      },
      body,
    });
    const signedAt = Date.now() + clockOffset;
    const { method, headers } = await signer.sign(request, { signingDate: new Date(signedAt) });
    const timeout = AbortSignal.timeout(attemptTimeout);
    const init = { method, headers, body, signal: AbortSignal.any([signal, timeout]) };
    const response = await fetch(endpoint, init);
    const serverTime = Date.parse(response.headers.get("date") ?? "");
    if (!Number.isNaN(serverTime)) clockOffset = serverTime - Date.now();
    if (response.ok) return outputOf(await response.text());
    const output: unknown = await response.json().catch(() => ({}));
    const reason = errorNameOf(output) ?? `HTTP ${response.status}`;
    throw new AttemptError(reason, Math.abs(serverTime - signedAt) >= CLOCK_SKEW);
  }

  return async (operation, input, signal) => {
    const body = JSON.stringify(input);
    for (let count = 1; ; count += 1) {
      try {
        return await attempt(operation, body, signal);
      } catch (error) {
        signal.throwIfAborted();
        const failure = error instanceof LogsError ? error : new LogsError(codeOf(error));
        if (!mayRepeat(error) || count === ATTEMPTS) throw failure;
      }
      await delay(PAUSE * 2 ** (count - 1), undefined, { signal });
    }
  };
}

/**
 * Throws if the text is not JSON: a page that breaks off must not look like the end of the ledger, nor an error page of a
 * proxy like an entry that was stored. Some operations have no output.
 */
function outputOf(text: string): unknown {
  return text === "" ? {} : JSON.parse(text);
}

/** The error of a response. */
class AttemptError extends LogsError {
  /** Whether the signature had another time than CloudWatch Logs. */
  readonly isClockOff: boolean;

  constructor(reason: string, isClockOff: boolean) {
    super(reason);
    this.isClockOff = isClockOff;
  }
}

/** Errors of the connection may be repeated, too. */
function mayRepeat(error: unknown): boolean {
  return !(error instanceof AttemptError) || error.isClockOff || MAY_REPEAT.test(error.reason);
}

/** https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html */
function endpointOf(region: string, variables: Readonly<Record<string, string | undefined>>) {
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return (
    variables.AWS_ENDPOINT_URL_CLOUDWATCH_LOGS ??
    variables.AWS_ENDPOINT_URL ??
    `https://logs.${region}.${domain}`
  );
}

/** `Name` of `{"__type": "prefix#Name"}`. */
function errorNameOf(output: unknown): string | undefined {
  if (typeof output !== "object" || output === null || !("__type" in output)) return undefined;
  return String(output.__type).split("#").at(-1);
}

/** The code of `fetch`'s cause, such as ECONNREFUSED. Drops the message. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "UnknownError";
  const { cause } = error;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? code : error.name;
}
