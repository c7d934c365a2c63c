import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";

/**
 * HTTP proxy that connects every host name to a service on this machine, as the load balancer's name does
 * not resolve outside of AWS.
 */
export interface LoadBalancerProxy {
  readonly url: string;
  /** Hosts that were requested, as `name:port`. */
  readonly requestedHosts: string[];
  /** Set to replace the service by one that is healthy but fails every other request. */
  broken: boolean;
  readonly close: () => Promise<void>;
}

export async function startProxy(service: string): Promise<LoadBalancerProxy> {
  const failing = createServer(({ url }, response) => {
    response.writeHead(url === "/readyz" || url === "/healthz" ? 200 : 500).end("{}");
  });
  await listen(failing);
  const requestedHosts: string[] = [];
  const proxy = createServer((_, response) => response.writeHead(405).end());
  proxy.on("connect", ({ url = "" }, client, head) => {
    requestedHosts.push(url);
    const target = state.broken
      ? (failing.address() as AddressInfo).port
      : Number(new URL(service).port);
    const upstream = connect(target, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    client.on("error", end);
    upstream.on("error", end);
  });
  await listen(proxy);
  const state: LoadBalancerProxy = {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    requestedHosts,
    broken: false,
    close: async () => {
      await Promise.all([proxy, failing].map(stop));
    },
  };
  return state;
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
