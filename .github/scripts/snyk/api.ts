import { optionalVariable } from "../github/environment.ts";
import { StepError } from "../github/step.ts";

/** Snyk's domains: https://docs.snyk.io/snyk-data-and-governance/regional-hosting-and-data-residency */
const DOMAINS = [".snyk.io", ".snykgov.io"];

/**
 * Returns the environment of the Snyk CLI. The CLI sends the token to SNYK_API, a variable of the repository that
 * everybody with write access can change.
 * @throws StepError if SNYK_API is not an address of Snyk
 */
export function snykEnvironment(): NodeJS.ProcessEnv {
  const api = optionalVariable("SNYK_API");
  if (api !== undefined && !isOfSnyk(api)) {
    throw new StepError(
      `The repository variable SNYK_API must be https:// and a host of Snyk such as api.eu.snyk.io, received ${JSON.stringify(api)}. The token was not sent there. Find out who set it, then set it again: see docs/pipeline.md.`,
    );
  }
  return { ...process.env, SNYK_CI: "1" };
}

function isOfSnyk(address: string): boolean {
  const url = URL.parse(address);
  return (
    url?.protocol === "https:" &&
    url.username === "" &&
    url.password === "" &&
    DOMAINS.some((domain) => url.hostname.endsWith(domain))
  );
}
