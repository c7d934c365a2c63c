import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "rolldown";
import manifest from "./package.json" with { type: "json" };
import { packagedPages } from "./pages.ts";
import { replaceModules } from "./replace-cdktf.ts";
import { alarmsSnapshot } from "./snapshot.ts";

const root = resolve(import.meta.dirname, "..");

/**
 * Builds the npm package, ready for `npm pack`: one file of JavaScript for the command and one for its reader threads.
 * Both contain the libraries that they use, so that npm installs nothing else.
 * @param folder the folder to write, which is replaced
 */
export async function buildPackage(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const dist = join(folder, "dist");
  mkdirSync(dist, { recursive: true });
  const libraries = new Set<string>();
  for (const [name, input] of [
    ["cli.js", "package/cli.ts"],
    ["worker.js", "replay/read/worker.ts"],
  ] as const) {
    const { output } = await build({
      input: join(root, input),
      platform: "node",
      external: /^node:/,
      plugins: [replaceModules],
      output: { file: join(dist, name), format: "esm", codeSplitting: false },
      logLevel: "warn",
    });
    for (const chunk of output) {
      for (const id of chunk.type === "chunk" ? chunk.moduleIds : []) {
        const [library] = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? [];
        if (library !== undefined) libraries.add(library);
      }
    }
  }
  writeFileSync(join(dist, "cipherwatch.js"), startProgram(manifest.engines.node), { mode: 0o755 });
  writeFileSync(join(dist, "detections.json"), alarmsSnapshot());
  writeFileSync(join(dist, "THIRD-PARTY-LICENSES"), [...libraries].sort().map(notice).join("\n"));
  for (const file of ["package.json", "README.md"]) {
    cpSync(join(root, "package", file), join(folder, file));
  }
  cpSync(join(root, "LICENSE"), join(folder, "LICENSE"));
  for (const page of packagedPages()) cpSync(join(root, page), join(folder, page));
}

/**
 * Returns the program that npm starts. It checks the version of Node, because npm only warns about an old version, with
 * which the bundle fails with a SyntaxError about an import.
 * @param engines such as `>=22.2`
 */
function startProgram(engines: string): string {
  const required = engines.replace(">=", "");
  const [major, minor] = required.split(".");
  return `#!/usr/bin/env node
const [major, minor] = process.version.slice(1).split(".").map(Number);
if (major > ${major} || (major === ${major} && minor >= ${minor})) {
  await import("./cli.js");
} else {
  console.error(\`cipherwatch needs Node.js ${required} or newer, but this is \${process.version}. Install a newer version.\`);
  process.exitCode = 2;
}
`;
}

/** Returns the licence of a library whose code the package contains, and its notice, which Apache-2.0 requires. */
function notice(library: string): string {
  const { name, version } = JSON.parse(readFileSync(join(library, "package.json"), "utf8"));
  const texts = ["LICENSE", "NOTICE"].map((file) => join(library, file)).filter(existsSync);
  return [`${name} ${version}\n`, ...texts.map((file) => readFileSync(file, "utf8"))].join("\n");
}
