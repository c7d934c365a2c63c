import { parseMessage } from "../../cloudwatch/pattern/json-match.ts";
import type { ConsoleSources } from "./sources.ts";

/** A request to the service, from its access log. */
export interface ServiceRequest {
  readonly route: string;
  readonly method: string;
  readonly status: number;
  /** Lab time in epoch milliseconds. */
  readonly at: number;
}

const EXAMINED_LINES = 2_000;

const parsed = new WeakMap<object, (ServiceRequest & { readonly kmsRequestId: string }) | null>();

/** Returns the newest requests by the request id of the KMS call that they caused. */
export function serviceRequests({
  aws,
  scope,
}: ConsoleSources): ReadonlyMap<string, ServiceRequest> {
  const group = aws.services.logs
    .groups()
    .find(({ deployed }) => deployed.name === scope.serviceLogGroupName);
  const requests = new Map<string, ServiceRequest>();
  for (const event of (group?.events ?? []).slice(-EXAMINED_LINES)) {
    let request = parsed.get(event);
    if (request === undefined) {
      request = parseLine(event.message, event.timestamp);
      parsed.set(event, request);
    }
    if (request !== null) requests.set(request.kmsRequestId, request);
  }
  return requests;
}

function parseLine(message: string, at: number) {
  const line = parseMessage(message) as Readonly<Record<string, unknown>> | undefined;
  const { kmsRequestId, route, method, status } = line ?? {};
  return typeof kmsRequestId === "string" &&
    typeof route === "string" &&
    typeof method === "string" &&
    typeof status === "number"
    ? { kmsRequestId, route, method, status, at }
    : null;
}
