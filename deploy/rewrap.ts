import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseOptions } from "../common/parse-options.ts";

/**
 * `npm run rewrap`: runs the worker of the image on this machine, for the lab or a database that it can reach. In
 * AWS, it runs as an ECS task (docs/keys.md).
 */
const USAGE = `npm run rewrap -- [options]

Moves the records under previous KMS keys to the current one, without decrypting them. Can be stopped at any time
and repeated. Logs the number of records under each key before and after. Reads the variables of the service:
KMS_KEY_ARN, KMS_PREVIOUS_KEY_ARNS, DATABASE_URL and those of the AWS SDK. docs/keys.md shows how to run it in AWS.

  --dry-run   only count the records under each KMS key
  --rate N    move at most this many records in a second, 1 to 1000            (default: 50)
  --help      show this help

Exit codes: 0 all records were moved, or counted; 1 some were not, see the log; 2 invalid arguments.`;

const OPTIONS = {
  "dry-run": { type: "boolean", default: false },
  rate: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

const worker = fileURLToPath(new URL("../service/rewrap.ts", import.meta.url));

async function main(): Promise<number> {
  const { values } = parseOptions({ options: OPTIONS }, USAGE);
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const args = [
    ...(values["dry-run"] ? ["--dry-run"] : []),
    ...(values.rate === undefined ? [] : ["--rate", values.rate]),
  ];
  // Rejects an invalid rate here, because the worker reports it as a line of its log. Imported late for a fast --help.
  const { parseRewrapOptions } = await import("../service/rewrap.ts");
  parseRewrapOptions(args);
  const child = spawn(process.execPath, [worker, ...args], { stdio: "inherit" });
  // The worker finishes the records that it has begun. A terminal sends SIGINT to both processes.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  const [code] = await once(child, "close");
  return code ?? 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 2;
}
