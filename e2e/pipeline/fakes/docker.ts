/**
 * Fake of Docker's buildx: `buildx build` writes an OCI archive without a real image, a different one for
 * each commit. `npm run e2e -- image` builds the real image.
 */
import { execFileSync } from "node:child_process";
import { writeOciArchive } from "../../../.github/scripts/testing/oci-archive.ts";

const args = process.argv.slice(2);
const option = (name: string) =>
  args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1) ??
  args[args.indexOf(name) + 1];

if (args[0] !== "buildx" || args[1] !== "build" || option("--file") !== "service/Dockerfile") {
  throw new Error(`This fake docker only builds the image, and was asked to: ${args.join(" ")}`);
}
const [, archive] = /^type=oci,dest=(.+)$/.exec(option("--output") ?? "") ?? [];
if (archive === undefined)
  throw new Error(
    `The fake docker needs --output type=oci,dest=<file>; received: ${args.join(" ")}`,
  );
const commit = execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" }).trim();
console.log(`fake docker: ${writeOciArchive(archive, `${commit} ${process.env.GITHUB_RUN_ID}`)}`);
