import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

interface Suite {
  /** That it takes on a quiet machine with two cores. */
  readonly minutes: number;
  /** Commands that must answer, each with what it is needed for. */
  readonly needs: readonly { readonly command: readonly string[]; readonly what: string }[];
  /** Runs two of its files at a time: each has a world of its own, and they mostly wait. */
  readonly sideBySide?: true;
}

const root = fileURLToPath(new URL("..", import.meta.url));

/** The suites that need more than Node: a folder each. */
const SUITES: Readonly<Record<string, Suite>> = {
  database: {
    minutes: 1,
    needs: [
      { command: ["initdb", "--version"], what: "PostgreSQL's initdb" },
      { command: ["pg_ctl", "--version"], what: "PostgreSQL's pg_ctl" },
    ],
  },
  image: {
    minutes: 2,
    needs: [
      {
        command: [process.execPath, join(root, "e2e/image/engine.ts")],
        what: "a container engine (Docker with its daemon running, or Podman)",
      },
      { command: ["tar", "--version"], what: "GNU tar" },
    ],
  },
  lab: {
    minutes: 1,
    needs: [
      { command: ["curl", "--version"], what: "curl" },
      { command: ["aws", "--version"], what: "the AWS CLI" },
      { command: ["python3", "-c", "import boto3"], what: "Python with boto3" },
    ],
  },
  terraform: {
    minutes: 11,
    needs: [
      { command: ["terraform", "version"], what: "Terraform" },
      { command: ["python3", "-c", "import moto.server"], what: "Python with moto's server" },
    ],
    sideBySide: true,
  },
  pipeline: {
    minutes: 15,
    needs: [
      { command: ["terraform", "version"], what: "Terraform" },
      { command: ["python3", "-c", "import moto.server"], what: "Python with moto's server" },
      { command: ["aws", "--version"], what: "the AWS CLI" },
      { command: ["git", "--version"], what: "git" },
      { command: ["bash", "--version"], what: "bash" },
      { command: ["tar", "--version"], what: "GNU tar" },
    ],
  },
};

/** A busy machine may take this many times a suite's minutes. */
const PATIENCE = 1.5;

/**
 * `--within MINUTES` begins no suite that these may not suffice for, and names it. A suite that fails is run
 * once more where they do: the emulator answers one request at a time, and on a busy machine the AWS provider
 * asks again before the answer is there, so that the second try of a deletion fails.
 */
const { values, positionals: named } = readArguments();
const unknown = named.filter((name) => !(name in SUITES));
if (unknown.length > 0) {
  refuse(`Unknown suite ${unknown.join(", ")}. There are: ${Object.keys(SUITES).join(", ")}.`);
}
const within = Number(values.within ?? Number.POSITIVE_INFINITY);
if (!(within > 0)) refuse(`--within takes a number of minutes, not ${values.within}.`);

const isTimeFor = ({ minutes }: Suite) => performance.now() / 60_000 + minutes * PATIENCE <= within;

const total = { passed: 0, failed: 0, skipped: 0 };
for (const [name, suite] of Object.entries(SUITES)) {
  if (named.length > 0 && !named.includes(name)) continue;
  const missing = missingFor(suite);
  if (missing.length > 0) {
    console.error(`\nNOT RUN: suite "${name}" needs ${missing.join(", ")}, which did not answer.`);
    // A suite that was asked for by name and cannot run has failed.
    total[named.includes(name) ? "failed" : "skipped"] += 1;
    continue;
  }
  if (!isTimeFor(suite)) {
    console.error(
      `\nNOT RUN: suite "${name}" may take longer than is left; npm run e2e -- ${name} runs it.`,
    );
    total.skipped += 1;
    continue;
  }
  console.log(`\nSuite "${name}"`);
  let { passed, failed } = run(name, suite);
  if (failed > 0 && values.within !== undefined && isTimeFor(suite)) {
    console.error(`\nSuite "${name}" failed ${failed} tests; once more.`);
    ({ passed, failed } = run(name, suite));
  }
  total.passed += passed;
  total.failed += failed;
}
const { passed, failed, skipped } = total;
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed > 0 ? 1 : 0;

function readArguments() {
  try {
    return parseArgs({ options: { within: { type: "string" } }, allowPositionals: true });
  } catch {
    return refuse(
      `npm run e2e -- [--within MINUTES] [SUITE…], not ${process.argv.slice(2).join(" ")}. ` +
        `There are: ${Object.keys(SUITES).join(", ")}.`,
    );
  }
}

function refuse(reason: string): never {
  console.error(reason);
  process.exit(2);
}

function missingFor({ needs }: Suite): string[] {
  return needs
    .filter(({ command: [program = "", ...args] }) => spawnSync(program, args).status !== 0)
    .map(({ what }) => what);
}

function run(name: string, { sideBySide }: Suite): { passed: number; failed: number } {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-e2e-"));
  const report = join(folder, "report.json");
  try {
    const { status } = spawnSync(
      process.execPath,
      [
        join(root, "node_modules/vitest/vitest.mjs"),
        ...["run", "--config", "e2e/vitest.config.ts", `e2e/${name}/`],
        ...(sideBySide ? ["--fileParallelism", "--maxWorkers=2"] : []),
        ...["--reporter=verbose", "--reporter=json", `--outputFile.json=${report}`],
      ],
      { cwd: root, stdio: ["ignore", "inherit", "inherit"] },
    );
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, "utf8")) as {
      numPassedTests: number;
      numFailedTests: number;
    };
    // A file that fails outside its tests fails no test.
    const failed = status === 0 ? numFailedTests : Math.max(1, numFailedTests);
    return { passed: numPassedTests, failed: numPassedTests + failed === 0 ? 1 : failed };
  } catch (error) {
    console.error(`Suite "${name}" left no report: ${error}`);
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
