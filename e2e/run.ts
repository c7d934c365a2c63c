import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseOptions } from "../common/parse-options.ts";
import { unknownName } from "../common/unknown-name.ts";

interface Suite {
  /** Duration on an idle machine with two cores. */
  readonly minutes: number;
  /** Commands that must succeed, each with the name of the tool it checks. */
  readonly needs: readonly { readonly command: readonly string[]; readonly what: string }[];
  /** Runs two test files at a time, as they are independent and mostly wait. */
  readonly parallel?: true;
}

const root = fileURLToPath(new URL("..", import.meta.url));

/** The suites by folder, with the tools they need besides Node. */
const SUITES: Readonly<Record<string, Suite>> = {
  database: {
    minutes: 1,
    needs: [
      { command: ["initdb", "--version"], what: "PostgreSQL's initdb" },
      { command: ["pg_ctl", "--version"], what: "PostgreSQL's pg_ctl" },
    ],
  },
  faults: {
    minutes: 3,
    needs: [
      { command: ["initdb", "--version"], what: "PostgreSQL's initdb" },
      { command: ["pg_ctl", "--version"], what: "PostgreSQL's pg_ctl" },
    ],
  },
  fuzz: { minutes: 2, needs: [] },
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
  browser: {
    minutes: 1,
    needs: [
      {
        command: [process.env.CHROMIUM ?? "/usr/bin/chromium", "--version"],
        what: "Chromium (Debian's package chromium, or its path in CHROMIUM)",
      },
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
    parallel: true,
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

/** Factor by which a busy machine may exceed a suite's minutes. */
const PATIENCE = 1.5;

const USAGE = `npm run e2e -- [--long] [--within MINUTES] [SUITE…]

Runs the named suites, or all suites whose tools are installed.

  SUITE              ${Object.keys(SUITES).join(", ")}
  --long             run the long form of the suites that have one: faults and fuzz
  --within MINUTES   skip suites that may not finish in time, and run a failed suite again if there is time
  --help             show this help`;

/**
 * `--within MINUTES` skips and names each suite that may not finish in time, and runs a failed suite once
 * more if there is time: on a busy machine the emulator may answer so late that the AWS provider repeats a
 * deletion, which then fails.
 */
const { values, positionals: named } = readArguments();
if (values.help) {
  console.log(USAGE);
  process.exit();
}
const suiteNames = Object.keys(SUITES);
const unknown = named.find((name) => !suiteNames.includes(name));
if (unknown !== undefined) {
  exitWithError(`${unknownName("suite", unknown, suiteNames)} Allowed: ${suiteNames.join(", ")}.`);
}
const within = Number(values.within ?? Number.POSITIVE_INFINITY);
if (!(within > 0))
  exitWithError(`--within must be a number of minutes above 0, not "${values.within}".`);

const isTimeFor = ({ minutes }: Suite) => performance.now() / 60_000 + minutes * PATIENCE <= within;

const total = { passed: 0, failed: 0, skipped: 0 };
for (const [name, suite] of Object.entries(SUITES)) {
  if (named.length > 0 && !named.includes(name)) continue;
  const missing = missingFor(suite);
  if (missing.length > 0) {
    console.error(
      `\nNOT RUN: suite "${name}" needs ${missing.join(", ")}, which is not available.`,
    );
    // A suite that was requested by name must not be skipped silently.
    total[named.includes(name) ? "failed" : "skipped"] += 1;
    continue;
  }
  if (!isTimeFor(suite)) {
    console.error(
      `\nNOT RUN: suite "${name}" may not finish in time. Run it with npm run e2e -- ${name}.`,
    );
    total.skipped += 1;
    continue;
  }
  console.log(`\nSuite "${name}"`);
  let { passed, failed } = run(name, suite);
  if (failed > 0 && values.within !== undefined && isTimeFor(suite)) {
    console.error(`\nSuite "${name}" had ${failed} failed tests; running it again.`);
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
    return parseOptions(
      {
        options: {
          within: { type: "string" },
          long: { type: "boolean", default: false },
          help: { type: "boolean", short: "h" },
        },
        allowPositionals: true,
      },
      USAGE,
    );
  } catch (error) {
    return exitWithError((error as Error).message);
  }
}

function exitWithError(message: string): never {
  console.error(message);
  process.exit(2);
}

function missingFor({ needs }: Suite): string[] {
  return needs
    .filter(({ command: [program = "", ...args] }) => spawnSync(program, args).status !== 0)
    .map(({ what }) => what);
}

function run(name: string, { parallel }: Suite): { passed: number; failed: number } {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-e2e-"));
  const report = join(folder, "report.json");
  try {
    const { status } = spawnSync(
      process.execPath,
      [
        join(root, "node_modules/vitest/vitest.mjs"),
        ...["run", "--config", "e2e/vitest.config.ts", `e2e/${name}/`],
        ...(parallel ? ["--fileParallelism", "--maxWorkers=2"] : []),
        ...["--reporter=verbose", "--reporter=json", `--outputFile.json=${report}`],
      ],
      {
        cwd: root,
        stdio: ["ignore", "inherit", "inherit"],
        env: { ...process.env, CIPHERWATCH_E2E_LONG: values.long ? "1" : "" },
      },
    );
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, "utf8")) as {
      numPassedTests: number;
      numFailedTests: number;
    };
    // A file that fails outside its tests has no failed test.
    const failed = status === 0 ? numFailedTests : Math.max(1, numFailedTests);
    return { passed: numPassedTests, failed: numPassedTests + failed === 0 ? 1 : failed };
  } catch (error) {
    console.error(`Suite "${name}" wrote no report: ${error}`);
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
