import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The source of the AWS provider for Terraform. */
export interface ProviderSource {
  readonly env: Readonly<Record<string, string>>;
  /** The version in the mirror. If absent, the version that the stacks require, from the registry. */
  readonly version?: string;
}

/** Path of the provider in a mirror, below the host name. */
const PROVIDER_PATH = "hashicorp/aws";

/** Start of the name of the provider's program, which contains its version. */
const PROGRAM = "terraform-provider-aws";

/**
 * Uses the mirror in TERRAFORM_PROVIDER_MIRROR, a folder that contains `<host>/hashicorp/aws`. By default, uses
 * Terraform's implied mirrors, and then the registry.
 * @see https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
 * @param folder receives the Terraform CLI configuration file, and a mirror that starts the provider
 */
export function providerSource(folder: string): ProviderSource {
  const explicit = process.env.TERRAFORM_PROVIDER_MIRROR ?? "";
  const mirror = explicit === "" ? impliedMirrors().find(newestVersion) : explicit;
  if (mirror === undefined) return { env: {} };
  const version = newestVersion(mirror);
  if (version === undefined) {
    throw new Error(
      `TERRAFORM_PROVIDER_MIRROR is "${mirror}", which does not contain <host>/${PROVIDER_PATH}. Set it to a folder that contains ` +
        `<host>/${PROVIDER_PATH}/<version>, or unset it to use Terraform's own mirrors or the registry.`,
    );
  }
  const path = writeSmallMirror(mirror, version, join(folder, "providers")) ?? mirror;
  const config = join(folder, "terraform.rc");
  writeFileSync(
    config,
    `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(path)}\n  }\n}\n`,
  );
  return { env: { TF_CLI_CONFIG_FILE: config }, version };
}

/**
 * Writes a mirror whose provider is a script that executes the real one. Each Terraform command that uses a provider
 * computes the hash of its package to compare it with the lock file: half a second of CPU for 700 MB.
 * @returns its path; undefined if the provider is packed in a zip file
 */
function writeSmallMirror(mirror: string, version: string, path: string): string | undefined {
  for (const host of readdirSync(mirror)) {
    const packages = join(host, PROVIDER_PATH, version);
    if (!existsSync(join(mirror, packages))) continue;
    for (const platform of readdirSync(join(mirror, packages))) {
      const source = join(mirror, packages, platform);
      const program = readdirSync(source).find((name) => name.startsWith(PROGRAM));
      if (program === undefined) continue;
      const target = join(path, packages, platform);
      mkdirSync(target, { recursive: true });
      const script = `#!/bin/sh\nexec "${join(source, program)}" "$@"\n`;
      writeFileSync(join(target, program), script, { mode: 0o755 });
    }
  }
  return existsSync(path) ? path : undefined;
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
