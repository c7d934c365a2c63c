import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { run } from "../../common/run.ts";
import { optionalVariable, variable } from "./github/environment.ts";
import { addSummary } from "./github/runner-files.ts";
import { annotate, group, StepError, step } from "./github/step.ts";
import { snykEnvironment } from "./snyk/api.ts";
import { findings, normalizeSarif, parseSarif, type Sarif } from "./snyk/sarif.ts";
import { SCANS, type ScanName, SEVERITY_THRESHOLD, scanCommands } from "./snyk/scan.ts";
import { failureReason } from "./snyk/verdict.ts";

/**
 * Runs a Snyk scan, writes its results for code scanning, and fails unless it is clean. SOURCE is the folder
 * with the lock file, the Dockerfile and the policy, by default the checkout.
 */
async function scan(): Promise<void> {
  const name = scanName(process.argv[2]);
  variable("SNYK_TOKEN");
  const env = snykEnvironment();
  const source = optionalVariable("SOURCE");
  const path = (text: string) => (source === undefined ? text : resolve(text));
  const results = path(variable("SARIF_FOLDER"));
  const scans = scanCommands(name, {
    archive: path(optionalVariable("ARCHIVE") ?? ""),
    platform: optionalVariable("PLATFORM") ?? "",
    plans: optionalVariable("PLANS") ?? "",
  });
  mkdirSync(results, { recursive: true });
  const failures: string[] = [];
  for (const { category, command } of scans) {
    const file = join(results, `${category}.sarif`);
    rmSync(file, { force: true });
    const { code } = await group(`snyk ${command.slice(0, 3).join(" ")}`, () =>
      run(["snyk", ...command, `--sarif-file-output=${file}`], {
        cwd: source ?? ".",
        env,
        accept: "any",
        stream: true,
      }),
    );
    const sarif = existsSync(file) ? readSarif(file) : undefined;
    if (sarif !== undefined) {
      writeFileSync(file, JSON.stringify(normalizeSarif(sarif, category)));
    }
    const reason = failureReason({ code, ...(sarif === undefined ? {} : { sarif }) });
    if (reason === undefined) continue;
    failures.push(`snyk ${command.slice(0, 3).join(" ")}: ${reason}`);
    for (const finding of sarif === undefined ? [] : findings(sarif)) failures.push(`  ${finding}`);
  }
  const verdict =
    failures.length === 0 ? `no findings of severity ${SEVERITY_THRESHOLD} or above` : "failed";
  addSummary(
    [`### Snyk: ${name}: ${verdict}`, ...failures.map((line) => `- ${line.trim()}`)].join("\n"),
  );
  if (failures.length > 0)
    throw new StepError(`The Snyk scan of the ${name} failed.\n${failures.join("\n")}`);
}

/** Deletes an invalid file, so it does not reach code scanning. @returns undefined if it is invalid */
function readSarif(file: string): Sarif | undefined {
  try {
    return parseSarif(readFileSync(file, "utf8"), file);
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    annotate("warning", error.message);
    rmSync(file);
    return undefined;
  }
}

function scanName(text: string | undefined): ScanName {
  const name = SCANS.find((known) => known === text);
  if (name !== undefined) return name;
  throw new StepError(
    `Unknown scan ${JSON.stringify(text ?? "")}. Use one of ${SCANS.join(", ")}.`,
  );
}

if (import.meta.main) await step(scan);
