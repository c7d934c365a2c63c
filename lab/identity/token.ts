import { tokenPath } from "./issuer.ts";

/** The client as which the console and the printed commands call the service. */
export const OWN_CLIENT = "alice";

/**
 * Headers of a request to the service by a client of the lab's issuer.
 * @param issuer URL of the lab's issuer; undefined while identity is off, where requests need no token
 */
export async function clientHeaders(
  issuer: string | undefined,
  client: string,
): Promise<Readonly<Record<string, string>>> {
  const headers = { "Content-Type": "application/json" };
  if (issuer === undefined) return headers;
  const response = await fetch(`${issuer}${tokenPath(client)}`, { method: "POST" });
  if (!response.ok) throw new Error(`The lab's issuer returned ${response.status}.`);
  return { ...headers, Authorization: `Bearer ${await response.text()}` };
}

/** A shell substitution that gets a token of a client. */
export function tokenCommand(issuer: string, client: string): string {
  return `$(curl --silent --request POST ${issuer}${tokenPath(client)})`;
}
