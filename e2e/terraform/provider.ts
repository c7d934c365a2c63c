import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where Terraform gets the AWS provider from. */
export interface ProviderSource {
  readonly env: Readonly<Record<string, string>>;
  /** The version that is there; the one that the stacks ask for unless given. */
  readonly version?: string;
}

/** Of the provider in a mirror, below the host that it comes from. */
const ADDRESS = "hashicorp/aws";

/**
 * The mirror that TERRAFORM_PROVIDER_MIRROR names, a folder with `<host>/hashicorp/aws` in it; without one,
 * what Terraform itself would do: its implied mirrors, then the registry.
 * https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
 * @param folder where the CLI configuration is written to
 */
export function providerSource(folder: string): ProviderSource {
  const mirror = process.env.TERRAFORM_PROVIDER_MIRROR;
  if (mirror === undefined || mirror === "") {
    const version = impliedMirrors().map(newestIn).find(Boolean);
    return { env: {}, ...(version === undefined ? {} : { version }) };
  }
  const version = newestIn(mirror);
  if (version === undefined) {
    throw new Error(
      `TERRAFORM_PROVIDER_MIRROR is "${mirror}", where no <host>/${ADDRESS} is. Set it to the folder that holds ` +
        `<host>/${ADDRESS}/<version>, or unset it to use Terraform's own mirrors or the registry.`,
    );
  }
  const config = join(folder, "terraform.rc");
  writeFileSync(
    config,
    `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`,
  );
  return { env: { TF_CLI_CONFIG_FILE: config }, version };
}

/** https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories */
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

/** The newest version in a mirror, be it unpacked (a folder a version) or packed (a zip a version). */
function newestIn(mirror: string): string | undefined {
  if (!existsSync(mirror)) return undefined;
  return readdirSync(mirror)
    .map((host) => join(mirror, host, ADDRESS))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder))
    .flatMap((entry) => /\d+\.\d+\.\d+/.exec(entry)?.[0] ?? [])
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .at(-1);
}
