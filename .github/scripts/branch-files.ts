import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { githubClient } from "./github/client.ts";
import { variable } from "./github/environment.ts";
import { step } from "./github/step.ts";

/** What Snyk reads besides the image. It runs none of them. */
const FILES = [".snyk", "package-lock.json", "package.json", "service/Dockerfile"];

/** Reads the files to scan of a pull request's commit, instead of checking out a branch beside a secret. */
async function branchFiles(): Promise<void> {
  const { rest, repository } = githubClient();
  const folder = variable("FOLDER");
  for (const path of FILES) {
    const { data } = await rest.repos.getContent({
      ...repository,
      path,
      ref: variable("COMMIT"),
      mediaType: { format: "raw" },
    });
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    // With the raw format the response is the file's text, which the types do not know.
    writeFileSync(file, String(data));
  }
}

if (import.meta.main) await step(branchFiles);
