import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";

/** The way to the load balancer, whose name only AWS knows: to a service on this machine instead. */
export interface LoadBalancerName {
  readonly url: string;
  /** Host names that were asked for. */
  readonly asked: string[];
  /** Whether what answers is up, and does nothing right, from now on. */
  broken: boolean;
  readonly close: () => Promise<void>;
}

export async function startProxy(service: string): Promise<LoadBalancerName> {
  const failing = createServer(({ url }, response) => {
    response.writeHead(url === "/readyz" || url === "/healthz" ? 200 : 500).end("{}");
  });
  await listen(failing);
  const asked: string[] = [];
  const proxy = createServer((_, response) => response.writeHead(405).end());
  proxy.on("connect", ({ url = "" }, client, head) => {
    asked.push(url);
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
  const state: LoadBalancerName = {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    asked,
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
