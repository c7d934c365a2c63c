import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The source of the AWS provider for Terraform. */
export interface ProviderSource {
  readonly env: Readonly<Record<string, string>>;
  /** The version in the mirror. If absent, the version that the stacks require. */
  readonly version?: string;
}

/** Path of the provider in a mirror, below the host name. */
const PROVIDER_PATH = "hashicorp/aws";

/**
 * Uses the mirror in TERRAFORM_PROVIDER_MIRROR, a folder that contains `<host>/hashicorp/aws`. By default,
 * Terraform searches its implied mirrors and then the registry.
 * @see https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
 * @param folder receives the Terraform CLI configuration file
 */
export function providerSource(folder: string): ProviderSource {
  const mirror = process.env.TERRAFORM_PROVIDER_MIRROR;
  if (mirror === undefined || mirror === "") {
    const version = impliedMirrors().map(newestVersion).find(Boolean);
    return { env: {}, ...(version === undefined ? {} : { version }) };
  }
  const version = newestVersion(mirror);
  if (version === undefined) {
    throw new Error(
      `TERRAFORM_PROVIDER_MIRROR is "${mirror}", which does not contain <host>/${PROVIDER_PATH}. Set it to a folder that contains ` +
        `<host>/${PROVIDER_PATH}/<version>, or unset it to use Terraform's own mirrors or the registry.`,
    );
  }
  const config = join(folder, "terraform.rc");
  writeFileSync(
    config,
    `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`,
  );
  return { env: { TF_CLI_CONFIG_FILE: config }, version };
}

/** @see https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories */
function impliedMirrors(): string[] {
  const home = process.env.HOME ?? "";
  const dataHome = process.env.XDG_DATA_HOME ?? join(home, ".local/share");
  return [
    join(home, ".terraform.d/plugins"),
    join(dataHome, "terraform/plugins"),
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
  ];
}

/** Returns the newest version in a mirror of either layout: unpacked (folders) or packed (zip files). */
function newestVersion(mirror: string): string | undefined {
  if (!existsSync(mirror)) return undefined;
  return readdirSync(mirror)
    .map((host) => join(mirror, host, PROVIDER_PATH))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder))
    .flatMap((entry) => /\d+\.\d+\.\d+/.exec(entry)?.[0] ?? [])
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .at(-1);
}
