import type { LookupFunction } from "node:net";

type Callback = Parameters<LookupFunction>[2];

/**
 * Resolves a host name once for all connections that wait for it. Node cannot cancel a lookup, and runs two at a time:
 * while the resolver is silent, those of attempts that have timed out would pile up, and once it is back, delay the others.
 * https://nodejs.org/api/dns.html#dnslookup
 */
export function shareLookups(lookup: LookupFunction): LookupFunction {
  const waiting = new Map<string, Callback[]>();
  return (host, options, callback) => {
    const key = JSON.stringify([host, options]);
    const callbacks = waiting.get(key);
    if (callbacks !== undefined) return void callbacks.push(callback);
    const all = [callback];
    waiting.set(key, all);
    lookup(host, options, (...result) => {
      waiting.delete(key);
      for (const each of all) each(...result);
    });
  };
}
