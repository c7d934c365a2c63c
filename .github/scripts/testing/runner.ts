import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../../common/run.ts";

/** Runs scripts as the steps of a job, in a workspace of its own. */
export interface Runner {
  readonly folder: string;
  /** Runs `node .github/scripts/<script> …args` with these variables, without inheriting others. */
  readonly run: (
    script: string,
    env: Readonly<Record<string, string>>,
    ...args: readonly string[]
  ) => Promise<StepResult>;
  /** Adds a program that is found before the real one. */
  readonly fake: (name: string, script: string) => void;
  readonly write: (path: string, content: string | Buffer) => string;
  readonly remove: () => void;
}

export interface StepResult {
  readonly code: number;
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
  readonly summary: string;
}

const scripts = fileURLToPath(new URL("..", import.meta.url));

export function makeRunner(): Runner {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-step-"));
  const bin = join(folder, "bin");
  const workspace = join(folder, "workspace");
  mkdirSync(bin);
  mkdirSync(workspace);
  const file = (name: string) => join(folder, name);
  return {
    folder: workspace,
    run: async (script, env, ...args) => {
      const files = ["GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY"];
      for (const name of files) writeFileSync(file(name), "");
      const { code, output } = await run([process.execPath, join(scripts, script), ...args], {
        cwd: workspace,
        env: {
          // Without node_modules/.bin: a test that forgets a fake must not run the real program.
          PATH: [bin, dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter),
          HOME: process.env.HOME,
          NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
          ...Object.fromEntries(files.map((name) => [name, file(name)])),
          GITHUB_REPOSITORY: "example-org/cipherwatch",
          GITHUB_RUN_ID: "4711",
          GITHUB_RUN_ATTEMPT: "1",
          ...env,
        },
        accept: "any",
      });
      return {
        code,
        log: output,
        outputs: readFileCommands(readFileSync(file("GITHUB_OUTPUT"), "utf8")),
        variables: readFileCommands(readFileSync(file("GITHUB_ENV"), "utf8")),
        summary: readFileSync(file("GITHUB_STEP_SUMMARY"), "utf8"),
      };
    },
    fake: (name, script) => {
      writeFileSync(join(bin, name), script, { mode: 0o755 });
    },
    write: (path, content) => {
      const whole = join(workspace, path);
      mkdirSync(join(whole, ".."), { recursive: true });
      writeFileSync(whole, content);
      return whole;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Parses a GITHUB_OUTPUT or GITHUB_ENV file as the runner does. */
export function readFileCommands(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = text.split("\n");
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    if (line === "") continue;
    const [, name = "", end] = /^([^=]+?)<<(.+)$/.exec(line) ?? [];
    if (end === undefined) {
      const at = line.indexOf("=");
      if (at < 1) throw new Error(`${JSON.stringify(line)} is not name=value.`);
      values[line.slice(0, at)] = line.slice(at + 1);
      continue;
    }
    const stop = lines.indexOf(end);
    if (stop < 0) throw new Error(`${name} lacks the delimiter ${end}.`);
    values[name] = lines
      .splice(0, stop + 1)
      .slice(0, -1)
      .join("\n");
  }
  return values;
}
