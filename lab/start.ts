import { PLACEHOLDER_DIGEST } from "../common/placeholder-digest.ts";
import { loadSettings } from "../settings/index.ts";
import { type Lab, startLab } from "./lab.ts";
import { type LabOptions, readOptions, USAGE } from "./options.ts";

/** What the stacks want to know and the lab has no use for: it mails nobody and runs the sources. */
const STAND_INS = {
  CIPHERWATCH_ALERT_EMAIL: "security@example.com",
  CIPHERWATCH_IMAGE_DIGEST: PLACEHOLDER_DIGEST,
};

const PARENT_CHECK_MILLISECONDS = 500;

async function main(): Promise<void> {
  const begun = performance.now();
  const parent = process.ppid;
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    console.log(USAGE);
    return;
  }
  const settings = loadSettings({ ...STAND_INS, ...process.env });
  const lab = await startLab({ options, settings, onError: console.error });
  let stopping = false;
  const stop = async (code: number) => {
    if (stopping) return;
    stopping = true;
    await lab.stop();
    process.exit(code);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (!stopping) console.log("\nStopping.");
      void stop(0);
    });
  }
  // npm that is told to end tells its shell alone, and the shell ends without telling anybody.
  if (process.env.npm_lifecycle_event !== undefined) {
    setInterval(() => {
      if (process.ppid !== parent) void stop(0);
    }, PARENT_CHECK_MILLISECONDS);
  }
  void lab.broken.then((why) => {
    if (stopping) return;
    console.error(why);
    void stop(1);
  });
  welcome(lab, options);
  console.log(`\nReady in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}

function welcome({ endpoints }: Lab, { speed, trailDelaySeconds }: LabOptions): void {
  const { service, aws, console: page } = endpoints;
  const patience = Math.ceil((trailDelaySeconds + 60) / speed) + 1;
  const json = '--header "Content-Type: application/json"';
  console.log(`
Service  ${service}
AWS      ${aws}   (export AWS_ENDPOINT_URL=${aws})
Console  ${page}/api/state

Try:
  curl ${json} --request POST --data '{"Name":"Stephen","Text":"I love Pizza"}' ${service}/encrypt
  curl ${json} --request GET --data '{"Name":"Stephen","Key":"<encrypt key>"}' ${service}/decrypt
  curl ${json} --request GET --data '{"Name":"Stephen","Key":"some-random-false-key"}' ${service}/decrypt

A wrong key becomes a mail in the console's inbox within ${patience} seconds: a second here is ${speed} in the
lab, CloudTrail delivers after ${trailDelaySeconds} of those, and the alarm looks once a minute.
Not modelled: IAM and key policies, quotas and throttling, the anomaly model. The whole list of what the
lab does otherwise than AWS is "notModelled" in the console.
Ctrl-C stops everything; what it holds stays for the next start.`);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
