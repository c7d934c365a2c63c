import { fetchFromLab } from "../fetch-from-lab.ts";
import { tokenPath } from "./issuer.ts";

/** Name of the client that the console and the printed commands use. */
export const OWN_CLIENT = "alice";

/**
 * Returns the headers of a request to the service by a client of the lab's issuer.
 * @param issuer URL of the lab's issuer; undefined while identity is off, when requests need no token
 */
export async function clientHeaders(
  issuer: string | undefined,
  client: string,
): Promise<Readonly<Record<string, string>>> {
  const headers = { "Content-Type": "application/json" };
  if (issuer === undefined) return headers;
  const response = await fetchFromLab("issuer", `${issuer}${tokenPath(client)}`, {
    method: "POST",
  });
  if (!response.ok) {
    throw new Error(
      `The lab's issuer ${issuer} returned ${response.status} instead of a token of the client ${client}. Restart the lab.`,
    );
  }
  return { ...headers, Authorization: `Bearer ${await response.text()}` };
}

/** Returns a shell substitution that requests a token of a client. */
export function tokenCommand(issuer: string, client: string): string {
  return `$(curl --silent --request POST ${issuer}${tokenPath(client)})`;
}
