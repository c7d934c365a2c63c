import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pages } from "./page.ts";

/** What differs between the folder and what the table of detections says, a line each. */
export function drift(folder: string): readonly string[] {
  const wanted = pages();
  const there = readdirSync(folder).filter((file) => file.endsWith(".md"));
  return [
    ...[...wanted].flatMap(([file, text]) => {
      if (!there.includes(file)) return [`${file} is missing`];
      return readFileSync(join(folder, file), "utf8") === `${text}\n`
        ? []
        : [`${file} is outdated`];
    }),
    ...there.filter((file) => !wanted.has(file)).map((file) => `${file} is of no detection`),
  ];
}

function write(folder: string): void {
  const wanted = pages();
  for (const file of readdirSync(folder)) {
    if (file.endsWith(".md") && !wanted.has(file)) rmSync(join(folder, file));
  }
  for (const [file, text] of wanted) writeFileSync(join(folder, file), `${text}\n`);
}

if (import.meta.main) {
  const folder = import.meta.dirname;
  const [argument, ...more] = process.argv.slice(2);
  if (more.length > 0 || (argument !== undefined && argument !== "--check")) {
    console.error(
      `node docs/runbooks/generate.ts was given ${process.argv.slice(2).join(" ")}; it takes nothing, to write the pages, or --check, to see whether they are up to date.`,
    );
    process.exitCode = 2;
  } else if (argument === undefined) {
    write(folder);
  } else {
    const differences = drift(folder);
    for (const difference of differences) console.error(difference);
    if (differences.length > 0) {
      console.error(
        "The runbooks are not those of the table: run `node docs/runbooks/generate.ts`.",
      );
      process.exitCode = 1;
    }
  }
}
