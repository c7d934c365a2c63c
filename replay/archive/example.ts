import { dateTime, number } from "../report/format.ts";
import { generateArchive } from "./generate.ts";

/** `npx node replay/archive/example.ts FOLDER`: a week to replay for whoever has no trail at hand. */
const [folder, ...more] = process.argv.slice(2);
if (folder === undefined || folder.startsWith("-") || more.length > 0) {
  console.error(
    "npx node replay/archive/example.ts FOLDER\n\n" +
      "Writes a made-up week of CloudTrail, with incidents in it, into FOLDER/AWSLogs.",
  );
  process.exit(2);
}
const { events, files, incidents, roleArn, keyArn } = generateArchive({
  folder,
  events: 50_000,
  seed: 1,
  days: 7,
});
console.log(
  [
    `${folder}: ${number(events)} events in ${number(files)} files, and among them`,
    ...incidents.map(({ from, detection, what }) => `  ${dateTime(from)}  ${detection}: ${what}`),
    "",
    "Find them:",
    `  npm run replay -- ${folder} --role-arn ${roleArn} --key-arn ${keyArn}`,
  ].join("\n"),
);
