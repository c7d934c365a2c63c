/**
 * Sends an HTTP request to a part of the lab.
 * @param part name of the part, for the error
 * @throws Error that names the part, its address and the next step, if it does not respond
 */
export async function fetchFromLab(
  part: "service" | "console" | "issuer" | "AWS endpoint",
  url: string,
  init?: RequestInit,
): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    throw new Error(
      `The lab's ${part} does not respond at ${url}. If the lab has ended, its output says why; start it again with \`npm start\`.`,
      { cause },
    );
  }
}
