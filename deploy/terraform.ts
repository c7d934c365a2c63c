import { run } from "../common/run.ts";

/** Thrown if Terraform cannot be started. */
export class TerraformError extends Error {}

/** The program that the CDKTF CLI starts, too. */
export const terraformProgram = () => process.env.TERRAFORM_BINARY_NAME ?? "terraform";

/**
 * Checks that Terraform is installed. Without it, the CDKTF CLI reports `execvp(3) failed` after several seconds.
 * @throws {TerraformError} with the next step
 */
export async function requireTerraform(): Promise<void> {
  const env = { ...process.env, CHECKPOINT_DISABLE: "1" };
  await run([terraformProgram(), "version"], { env }).catch((error: Error) => {
    throw new TerraformError(
      `${error.message}\nInstall Terraform 1.11 or newer as terraform on the path (docs/deploying.md), ` +
        "or set TERRAFORM_BINARY_NAME to its path.",
    );
  });
}
