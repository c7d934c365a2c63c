import { z } from "zod";
import { run } from "../../../common/run.ts";

const repositories = z.object({
  repositories: z.tuple([z.object({ repositoryUri: z.string() })]),
});

/** Returns `<account>.dkr.ecr.<region>.amazonaws.com/<name>` of an ECR repository. */
export async function repositoryUri(name: string): Promise<string> {
  const { stdout } = await run([
    ...(["aws", "ecr", "describe-repositories", "--output", "json"] as const),
    ...["--repository-names", name],
  ]);
  return repositories.parse(JSON.parse(stdout)).repositories[0].repositoryUri;
}

/** Returns whether an ECR repository has an image. */
export async function imageExists(repository: string, digest: string): Promise<boolean> {
  const query = ["--repository-name", repository, "--image-ids", `imageDigest=${digest}`];
  const { code, stderr } = await run(["aws", "ecr", "describe-images", ...query], {
    accept: "any",
  });
  if (code === 0) return true;
  if (stderr.includes("ImageNotFoundException")) return false;
  throw new Error(`aws ecr describe-images failed: ${stderr.trim()}`);
}
