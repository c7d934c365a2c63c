/** Fake of the AWS CLI for suites without an emulator: a bucket in FAKE_AWS that never overwrites. */
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";

const folder = process.env.FAKE_AWS ?? "";
const args = process.argv.slice(2);
const option = (name: string) => args[args.indexOf(name) + 1] ?? "";
const object = () => join(folder, "objects", encodeURIComponent(option("--key")));

switch (args.slice(0, 2).join(" ")) {
  case "s3api put-object":
    mkdirSync(join(folder, "objects"), { recursive: true });
    if (existsSync(object())) {
      console.error("An error occurred (PreconditionFailed)");
      process.exitCode = 254;
    } else copyFileSync(option("--body"), object());
    break;
  case "s3api get-object":
    copyFileSync(object(), args.at(-1) ?? "");
    break;
  default:
    console.error(`The fake aws does not support ${args.join(" ")}.`);
    process.exitCode = 252;
}
