import type { IncomingMessage } from "node:http";
import type { MiddlewareHandler } from "hono";
import type { RequestEnv } from "./request.ts";

/** Milliseconds without a byte after which the client is assumed to have stopped sending. */
const SILENCE = 1_000;

/**
 * Drains a body that was rejected unread before the response leaves. Closing a connection while the client
 * still sends resets it: most clients then never see the response, and a load balancer returns 502.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
 * @param longest maximum time to drain, in milliseconds
 */
export function receiveRejectedBody(longest: number): MiddlewareHandler<RequestEnv> {
  return async (context, next) => {
    await next();
    const incoming: IncomingMessage | undefined = context.env?.incoming;
    if (incoming === undefined || incoming.complete) return;
    if (!(await drain(incoming, longest))) context.header("Connection", "close");
  };
}

/**
 * Drops a body that has arrived and that nobody will read. Node would keep it until the response is sent, which may have to
 * wait for earlier responses on the connection, and for a client that reads none.
 */
export function dropBody(incoming: IncomingMessage): void {
  if (incoming.readableLength > 0) incoming.resume();
}

/** @returns whether the whole body arrived */
function drain(incoming: IncomingMessage, longest: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = () => {
      clearTimeout(silence);
      clearTimeout(end);
      incoming.off("data", onData);
      resolve(incoming.complete);
    };
    const silence = setTimeout(settle, SILENCE);
    const end = setTimeout(settle, longest);
    const onData = () => void silence.refresh();
    incoming.once("close", settle).once("end", settle).once("error", settle);
    incoming.on("data", onData);
    incoming.resume();
  });
}
