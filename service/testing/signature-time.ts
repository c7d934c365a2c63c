import type { IncomingHttpHeaders } from "node:http";

/**
 * Whether AWS accepts the time of a signature, which may differ from its own by less than 5 minutes.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
 * @param serverTime milliseconds since the epoch
 */
export function isSignedAt(headers: IncomingHttpHeaders, serverTime: number): boolean {
  const signed = String(headers["x-amz-date"]);
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(signed) ?? [];
  return Math.abs(Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`) - serverTime) < 300_000;
}
