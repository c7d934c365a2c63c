import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../common/run.ts";

/**
 * Terraform configurations in the shapes of public alarm modules, each with its plan.
 * `node replay/testing/plan-fixtures.ts` creates the plans again, and the Terraform suite compares them.
 */
export const FIXTURES = join(import.meta.dirname, "../imported/fixtures");

export const SHAPES = readdirSync(FIXTURES).sort();

export const planFile = (shape: string) => join(FIXTURES, shape, "plan.json");

/** Configures the provider so that it plans without credentials and without access to AWS. */
const PROVIDER = `
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}
`;

/**
 * Plans a configuration with Terraform.
 * @param env the environment that selects the source of the AWS provider
 * @returns the output of `terraform show -json`, without the members that differ in each run
 */
export async function planShape(name: string, env: NodeJS.ProcessEnv): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-shape-"));
  try {
    cpSync(join(FIXTURES, name), folder, { recursive: true });
    writeFileSync(join(folder, "provider.tf"), PROVIDER);
    const terraform = (...args: readonly string[]) =>
      run(["terraform", ...args], { cwd: folder, env: { ...process.env, ...env } });
    await terraform("init", "-no-color");
    await terraform("plan", "-no-color", "-out=plan");
    const { stdout } = await terraform("show", "-json", "plan");
    const { timestamp: _, ...plan } = JSON.parse(stdout) as Record<string, unknown>;
    // The host of the provider depends on the machine.
    return `${JSON.stringify(plan).replaceAll(/"[\w.-]+\/hashicorp\/aws"/g, '"hashicorp/aws"')}\n`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  for (const shape of SHAPES) writeFileSync(planFile(shape), await planShape(shape, {}));
}
