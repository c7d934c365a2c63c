import { run } from "../../common/run.ts";
import { variable } from "./github/environment.ts";
import { annotate, step } from "./github/step.ts";
import { snykEnvironment } from "./snyk/api.ts";
import { monitorCommands } from "./snyk/scan.ts";

/** Registers the deployed image and packages with Snyk for monitoring. Never fails the run, as the scans already did their part. */
async function monitor(): Promise<void> {
  variable("SNYK_TOKEN");
  const env = snykEnvironment();
  for (const command of monitorCommands({
    archive: variable("ARCHIVE"),
    platform: variable("PLATFORM"),
  })) {
    const { code } = await run(["snyk", ...command], {
      env,
      accept: "any",
      stream: true,
    });
    if (code !== 0)
      annotate("warning", `snyk ${command.slice(0, 2).join(" ")} exited with code ${code}.`);
  }
}

if (import.meta.main) {
  await step(monitor);
  if (process.exitCode === 1) annotate("warning", "Snyk does not monitor this deployment.");
  process.exitCode = 0;
}
