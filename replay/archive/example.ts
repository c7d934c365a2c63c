import { createOutputFolder } from "../../common/folder.ts";
import { readArguments } from "../../common/parse-options.ts";
import { dateTime, number } from "../report/format.ts";
import { generateArchive } from "./generate.ts";

const SYNOPSIS = "npx node replay/archive/example.ts FOLDER [EVENTS]";
const USAGE = `${SYNOPSIS}

Generates a week of fictional CloudTrail log files with incidents in FOLDER/AWSLogs. EVENTS is the number of
everyday events, 50000 by default.`;

const [folder, count = "50000", ...more] = readArguments(USAGE, { positionals: true });
if (folder === undefined) fail("FOLDER is missing.");
if (!/^[1-9]\d{0,6}$/.test(count)) {
  fail(`EVENTS must be an integer from 1 to 9,999,999; received "${count}".`);
}
if (more.length > 0) {
  fail(`Expected at most FOLDER and EVENTS; received also "${more.join(" ")}".`);
}
try {
  createOutputFolder(folder, "the files", "FOLDER");
} catch (error) {
  fail((error as Error).message);
}
const { events, files, incidents, roleArn, keyArn } = generateArchive({
  folder,
  events: Number(count),
  seed: 1,
  days: 7,
});
console.log(
  [
    `${folder}: ${number(events)} events in ${number(files)} files, including these incidents:`,
    ...incidents.map(
      ({ from, detection, description }) => `  ${dateTime(from)}  ${detection}: ${description}`,
    ),
    "",
    "Replay them with:",
    `  npm run replay -- ${folder} --role-arn ${roleArn} --key-arn ${keyArn}`,
  ].join("\n"),
);

function fail(message: string): never {
  console.error(`${message}\nUsage: ${SYNOPSIS}`);
  process.exit(2);
}
