import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { run } from "../../common/run.ts";
import { replaceBranch } from "./github/branch.ts";
import { githubClient } from "./github/client.ts";
import { optionalVariable, runUrl, variable } from "./github/environment.ts";
import { keepIssue } from "./github/issue.ts";
import { StepError, step } from "./github/step.ts";
import { findings, parseSarif } from "./snyk/sarif.ts";

const MARKER = "<!-- cipherwatch-rescan -->";
const BRANCH = "base-image";
/** Both name the base image: a test compares them. */
const DOCKERFILES = ["service/Dockerfile", "service/base.Dockerfile"] as const;

/** The vulnerabilities of the images that run, by environment. */
export type Vulnerabilities = ReadonlyMap<string, readonly string[]>;

/** The base image that main pins, and the digest that its tag has now. */
export interface BaseImage {
  /** `docker.io/library/node:24-slim` */
  readonly name: string;
  /** `sha256:…` */
  readonly pinned: string;
  readonly newest: string;
}

/** Parses the pinned base image of a Dockerfile. @throws StepError if it names none by tag and digest */
export function baseImageOf(dockerfile: string): Pick<BaseImage, "name" | "pinned"> {
  const [, name, pinned] =
    /^(?:FROM |ARG NODE_IMAGE=)(\S+:\S+)@(sha256:[0-9a-f]{64})$/m.exec(dockerfile) ?? [];
  if (name !== undefined && pinned !== undefined) return { name, pinned };
  throw new StepError("service/base.Dockerfile must name the base image as <name>:<tag>@sha256:…");
}

/** Renders the issue about vulnerable images. @returns undefined if none is vulnerable */
export function rescanIssue(
  vulnerable: Vulnerabilities,
  { name, pinned, newest }: BaseImage,
  { compareUrl, run: url }: { readonly compareUrl: string; readonly run: string },
): { readonly title: string; readonly body: string } | undefined {
  if (vulnerable.size === 0) return undefined;
  const next =
    pinned === newest
      ? [
          `main already has the newest \`${name}\`. If an image here is older than main, deploy main: \`gh workflow run deploy.yml -f environment=dev\`, then promote it.`,
          "Otherwise the vulnerable package has no fix in the base image yet: update the package, or ignore the vulnerability in .snyk with a reason and an expiry date.",
        ]
      : [
          `\`${name}\` has been rebuilt since main pinned it. [Open a pull request](${compareUrl}) from the branch \`${BRANCH}\`, which pins \`${newest}\`: its checks build and scan the image again, and its merge deploys it.`,
        ];
  return {
    title: `Vulnerabilities in the image of ${[...vulnerable.keys()].join(" and ")}`,
    body: [
      `[A scan of the images that run](${url}) found vulnerabilities that were not known, or had no fix, when they were deployed.`,
      ...[...vulnerable].map(
        ([environment, list]) =>
          `- ${environment}: ${list.map((each) => `\`${each}\``).join(", ")}`,
      ),
      "",
      ...next,
    ].join("\n"),
  };
}

async function report(): Promise<void> {
  const folder = variable("REPORTS");
  const environments = z.array(z.string()).parse(JSON.parse(variable("ENVIRONMENTS")));
  const files = new Map(
    environments.map((name) => [name, join(folder, `rescan-${name}`, "snyk-image.sarif")]),
  );
  const unscanned = [...files].filter(([, file]) => !existsSync(file)).map(([name]) => name);
  const vulnerable = new Map(
    [...files].flatMap(([name, file]): [string, readonly string[]][] => {
      if (!existsSync(file)) return [];
      const found = findings(parseSarif(readFileSync(file, "utf8"), file));
      return found.length === 0 ? [] : [[name, found]];
    }),
  );
  const github = githubClient();
  const base = await baseImage();
  const server = optionalVariable("GITHUB_SERVER_URL") ?? "https://github.com";
  const compareUrl = `${server}/${variable("GITHUB_REPOSITORY")}/compare/main...${BRANCH}?expand=1`;
  const issue = rescanIssue(vulnerable, base, { compareUrl, run: runUrl() });
  if (issue !== undefined && base.pinned !== base.newest) {
    await replaceBranch(
      github,
      BRANCH,
      variable("GITHUB_SHA"),
      `fix(deps): update the base image\n\n${base.name} was rebuilt, and the image that runs has vulnerabilities.`,
      Object.fromEntries(
        DOCKERFILES.map((file) => [
          file,
          readFileSync(file, "utf8").replaceAll(base.pinned, base.newest),
        ]),
      ),
    );
  }
  // An image that was not scanned is no proof that the vulnerabilities are gone.
  if (issue !== undefined || unscanned.length === 0) {
    const did = await keepIssue(
      github,
      MARKER,
      issue,
      `[The images that run have no known vulnerability of high severity.](${runUrl()})`,
    );
    console.log(`${issue?.title ?? "No vulnerabilities"}: issue ${did}.`);
  }
  if (unscanned.length > 0) {
    throw new StepError(
      `The image of ${unscanned.join(" and ")} was not scanned. See the log of the jobs image and scan.`,
    );
  }
}

async function baseImage(): Promise<BaseImage> {
  const pinned = baseImageOf(readFileSync("service/base.Dockerfile", "utf8"));
  const { stdout } = await run([
    ...(["skopeo", "inspect", "--format", "{{.Digest}}", "--retry-times", "3"] as const),
    `docker://${pinned.name}`,
  ]);
  return {
    ...pinned,
    newest: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/)
      .parse(stdout.trim()),
  };
}

if (import.meta.main) await step(report);
