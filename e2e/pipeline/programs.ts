import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { FAKE_SNYK } from "../../.github/scripts/testing/snyk.ts";
import { root } from "../terraform/workspace.ts";

/**
 * @returns the PATH of a job: fakes, then Python's own folder, as the shims of a version manager cost the AWS CLI
 * a tenth of a second, then the machine's folders without this repository's programs
 */
export function pathOf(bin: string): string {
  const program = "import sys; print(sys.prefix)";
  const python = execFileSync("python3", ["-c", program], { encoding: "utf8" }).trim();
  const inherited = (process.env.PATH ?? "").split(delimiter);
  return [
    bin,
    join(python, "bin"),
    ...inherited.filter((path) => !path.includes("node_modules")),
  ].join(delimiter);
}

/** Writes the fake programs into a folder for PATH: each runs its script with this Node. */
export function writePrograms(
  bin: string,
  more: readonly string[] = [],
  reattach?: string,
): string {
  mkdirSync(bin, { recursive: true });
  const node = process.execPath;
  for (const name of ["docker", "gh", "skopeo", ...more]) {
    const script = join(import.meta.dirname, "fakes", `${name}.ts`);
    writeFileSync(join(bin, name), `#!/bin/sh\nexec "${node}" "${script}" "$@"\n`, { mode: 0o755 });
  }
  writeFileSync(join(bin, "pip"), '#!/bin/sh\necho "fake pip $*"\n', { mode: 0o755 });
  const snyk = join(bin, "snyk.cjs");
  writeFileSync(snyk, FAKE_SNYK);
  writeFileSync(join(bin, "snyk"), `#!/bin/sh\nexec "${node}" "${snyk}" "$@"\n`, { mode: 0o755 });
  const packages = join(bin, "node_modules");
  if (!existsSync(packages)) linkPackages(packages, { snyk: join(bin, "snyk") });
  writeFileSync(join(bin, "npm"), fakeNpm(packages), { mode: 0o755 });
  if (reattach === undefined) return bin;
  // The real Terraform, which finds a running provider when it only needs the schemas.
  const terraform = execFileSync("which", ["terraform"], { encoding: "utf8" }).trim();
  writeFileSync(
    join(bin, "terraform"),
    `#!/bin/sh\n[ "$1" != show ] || export TF_REATTACH_PROVIDERS='${reattach}'\nexec "${terraform}" "$@"\n`,
    { mode: 0o755 },
  );
  return bin;
}

/**
 * Links the packages of this repository and their programs into a folder, as `npm ci` would copy a gigabyte.
 * @param fakes path of the replacement for each program that must not run
 */
function linkPackages(folder: string, fakes: Readonly<Record<string, string>>): void {
  const from = join(root, "node_modules");
  mkdirSync(join(folder, ".bin"), { recursive: true });
  for (const name of readdirSync(from)) {
    if (name !== ".bin") symlinkSync(join(from, name), join(folder, name));
  }
  for (const name of readdirSync(join(from, ".bin"))) {
    symlinkSync(fakes[name] ?? join(from, ".bin", name), join(folder, ".bin", name));
  }
}

/**
 * Fake of npm: `npm ci` links the installed packages, and `npm run synth` synthesizes. `npm test` and other scripts
 * only print the command, as the end-to-end suites would otherwise run themselves.
 */
function fakeNpm(packages: string): string {
  return `#!/bin/sh
case "$*" in
  ci | "ci --ignore-scripts") ln -s "${packages}" node_modules || exit ;;
  "run synth") node main.ts || exit ;;
  "rebuild snyk" | test | "test "* | "run "*) ;;
  *) echo "The fake npm does not support npm $*." >&2; exit 1 ;;
esac
echo "fake npm $*"
`;
}
