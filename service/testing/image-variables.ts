import { readFileSync } from "node:fs";

const dockerfile = readFileSync(new URL("../Dockerfile", import.meta.url), "utf8");

/** The last stage becomes the image. */
const image = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));

/**
 * Reads the environment variables that the Dockerfile sets in the image.
 * @throws Error if there are none
 */
export function imageVariables(): Readonly<Record<string, string>> {
  const lines = [...image.matchAll(/^ENV (.*)$/gm)].map(([, pairs = ""]) => pairs);
  const pairs = lines.join(" ").matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g);
  const variables = [...pairs].map(([, name, quoted, plain]) => [name, quoted ?? plain]);
  if (variables.length === 0) throw new Error("service/Dockerfile has no ENV instruction.");
  return Object.fromEntries(variables);
}
