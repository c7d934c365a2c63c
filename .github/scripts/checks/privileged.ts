import type { Job } from "./workflow.ts";

/** Returns whether a job has a secret, an AWS role, or a token that may write. */
export function isPrivileged({
  permissions = { undeclared: "write" },
  environment,
  steps,
}: Job): boolean {
  return (
    environment !== undefined ||
    JSON.stringify(steps).includes("secrets.") ||
    Object.values(permissions).some((level) => level !== "read")
  );
}
