import { dateTime, number } from "../report/format.ts";
import { generateArchive } from "./generate.ts";

const USAGE = `npx node replay/archive/example.ts FOLDER [EVENTS]

Generates a week of fictional CloudTrail log files with incidents in FOLDER/AWSLogs. EVENTS is the number of
everyday events, 50000 by default.`;

const [folder, count = "50000", ...more] = process.argv.slice(2);
if (
  folder === undefined ||
  folder.startsWith("-") ||
  !/^[1-9]\d{0,6}$/.test(count) ||
  more.length > 0
) {
  console.error(USAGE);
  process.exit(2);
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
