import { existsSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { continueAfterClosedPipe } from "../common/closed-pipe.ts";
import { PLACEHOLDER_DIGEST } from "../common/placeholder-digest.ts";
import { longestDelay } from "./aws/cloudtrail/deliveries.ts";
import { identityVariables } from "./identity/settings.ts";
import { OWN_CLIENT, tokenCommand } from "./identity/token.ts";
import type { Lab, LabProps } from "./lab.ts";
import { type LabOptions, readOptions, USAGE } from "./options.ts";
import { assertPortFree } from "./process/ports.ts";
import { onStopRequest } from "./process/stop-request.ts";
import { openDataFolder } from "./state/data-folder.ts";
import { startDatabase } from "./state/database.ts";
import { exitOnFullDisk, requireDiskSpace } from "./state/disk-space.ts";

/** A value for a required setting that has no effect in the lab, which uses no image. */
const PLACEHOLDERS = { CIPHERWATCH_IMAGE_DIGEST: PLACEHOLDER_DIGEST };

async function main(): Promise<void> {
  const start = performance.now();
  continueAfterClosedPipe();
  const options = optionsOrExit();
  if (options.help) return console.log(USAGE);
  // Check the folder before the ports: a lab that uses the folder also uses the ports, and other ports would not help.
  const folder = openDataFolder(options.data, options.fresh);
  const database = folder.file("database");
  requireDiskSpace(options.data, { isNew: !existsSync(database) });
  exitOnFullDisk(options.data);
  await assertPortFree(options.port, "--port");
  await assertPortFree(options.awsPort, "--aws-port");
  await assertPortFree(options.consolePort, "--console-port");

  // Cache compiled code for the next start, also for the child processes, which saves half a second.
  process.env.NODE_COMPILE_CACHE ??= folder.file("compile-cache");
  enableCompileCache(process.env.NODE_COMPILE_CACHE);
  const onStep = (step: string) => console.log(`${elapsed(start)}  ${step}`);
  onStep("Start PostgreSQL");
  const postgres = startDatabase(database);
  const lab = await loadAndStart({ options, folder, database: postgres, onStep }).catch(
    async (error) => {
      await postgres.close();
      throw error;
    },
  );
  stopOnRequestOrFailure(lab);
  printWelcome(lab, options);
  console.log(`\nReady in ${elapsed(start).trim()}`);
}

async function loadAndStart(props: Omit<LabProps, "settings" | "onError">): Promise<Lab> {
  props.onStep("Load the settings");
  // Import after the checks, so that they fail fast: CDKTF takes most of a second to load.
  const [{ loadSettings }, { withPlaceholderEmail }, { startLab }] = await Promise.all([
    import("../settings/index.ts"),
    import("../settings/alarms.ts"),
    import("./lab.ts"),
  ]);
  const settings = loadSettings(
    withPlaceholderEmail({
      ...PLACEHOLDERS,
      ...(props.options.identity && identityVariables(process.env)),
      ...process.env,
    }),
  );
  return startLab({ ...props, settings, onError: console.error });
}

/** Formats the time since `start`, such as ` 1.4 s`. */
function elapsed(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1).padStart(4)} s`;
}

function stopOnRequestOrFailure(lab: Lab): void {
  let stopping = false;
  const stop = async (exitCode: number, message: string) => {
    if (stopping) return;
    stopping = true;
    if (exitCode === 0) console.log(message);
    else console.error(message);
    await lab.stop();
    process.exit(exitCode);
  };
  onStopRequest(() => void stop(0, "\nStopping."));
  void lab.failure.then((reason) => stop(1, reason));
}

function printWelcome({ endpoints }: Lab, { speed, trailDelaySeconds }: LabOptions): void {
  const { service, aws, console: consoleUrl, issuer } = endpoints;
  const average = Math.ceil((trailDelaySeconds + 60) / speed) + 1;
  const longest = Math.ceil((longestDelay(trailDelaySeconds) + 60) / speed) + 1;
  const json = `--header "Content-Type: application/json"${issuer === undefined ? "" : ' --header "$AUTH"'}`;
  const issuerLine = `Issuer   ${issuer}   (POST /token/NAME returns an access token of the client NAME)\n`;
  const tokenLine = `  AUTH="Authorization: Bearer ${tokenCommand(issuer ?? "", OWN_CLIENT)}"\n`;
  console.log(`
Service  ${service}
AWS      ${aws}   (export AWS_ENDPOINT_URL=${aws})
Console  ${consoleUrl}   (open it in a browser, and click "Send a wrong Key")
${issuer === undefined ? "" : issuerLine}
From a terminal:
${issuer === undefined ? "" : tokenLine}  KEY=$(curl --silent ${json} --request POST --data '{"Name":"Stephen","Text":"I love Pizza"}' ${service}/encrypt | grep -o 'cwk_[^"]*')
  curl ${json} --request GET --data '{"Name":"Stephen","Key":"'$KEY'"}' ${service}/decrypt
  curl ${json} --request GET --data '{"Name":"Stephen","Key":"some-random-false-key"}' ${service}/decrypt

A wrong Key results in an email in the console's inbox in about ${average} seconds, at most ${longest}. One real second is
${speed} seconds in the lab: CloudTrail delivers records after ${trailDelaySeconds} lab seconds on average, out of order and
sometimes twice, and alarms are evaluated every lab minute.
Not emulated: quotas and throttling, CloudWatch's anomaly detection model. Each panel of the console lists its
differences from AWS.
Press Ctrl-C to stop. The lab keeps its data for the next start.`);
}

/** Exits with 2 for invalid arguments. */
function optionsOrExit(): LabOptions {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error((error as Error).message);
    process.exit(2);
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
