/** The value of the dimension Client for all clients without metrics of their own. */
const OTHER_CLIENTS = "other";

/**
 * Bounds the number of metrics, which CloudWatch charges for each value of a dimension: the first `max` clients
 * since the process started have their own, all others share one. The access log names every client.
 * @returns the value of the dimension Client for a client id
 */
export function limitClientMetrics(max: number): (client: string) => string {
  const named = new Set<string>();
  return (client) => {
    if (named.has(client)) return client;
    if (named.size >= max) return OTHER_CLIENTS;
    named.add(client);
    return client;
  };
}
