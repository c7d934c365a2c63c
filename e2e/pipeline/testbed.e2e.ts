import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../common/run.ts";
import { makePullRequest } from "./events.ts";
import { makeTestbedWithoutStacks, type Testbed } from "./testbed.ts";

let testbed: Testbed;
let copies: readonly Testbed[];

const bucketsOf = async ({ adminEnv }: Testbed) => {
  const { stdout } = await run(["aws", "s3", "ls"], { env: adminEnv });
  return stdout.match(/\S+$/gm);
};
const makeBucket = ({ adminEnv }: Testbed, name: string) =>
  run(["aws", "s3", "mb", `s3://${name}`], { env: adminEnv });
const branchesOf = ({ api }: Testbed) => api.pullRequests.map(({ head }) => head.ref);

beforeAll(async () => {
  testbed = await makeTestbedWithoutStacks();
  await makeBucket(testbed, "before");
  makePullRequest(testbed, "before", { "service/.before": "x\n" });
  testbed.variables.ENVIRONMENTS = "[]";
  copies = await Promise.all([testbed.fork(), testbed.fork()]);
});
afterAll(async () => {
  for (const copy of copies ?? []) await copy.close();
  await testbed?.close();
});

test("copies AWS, GitHub and the git remote, which then change independently", async () => {
  for (const [index, copy] of copies.entries()) {
    await makeBucket(copy, `copy-${index}`);
    const { head } = makePullRequest(copy, `copy-${index}`, { "service/.copy": "x\n" });
    copy.gitRemote.advance(head);
    Object.assign(copy.secrets.snyk ?? {}, { SNYK_TOKEN: "another" });
  }
  for (const [index, copy] of copies.entries()) {
    expect(await bucketsOf(copy)).toEqual(["before", `copy-${index}`]);
    expect(branchesOf(copy)).toEqual(["before", `copy-${index}`]);
    expect(copy.gitRemote.isAncestor(testbed.gitRemote.main(), copy.gitRemote.main())).toBe(true);
    expect(copy.variables.ENVIRONMENTS).toBe("[]");
  }
  expect(await bucketsOf(testbed)).toEqual(["before"]);
  expect(branchesOf(testbed)).toEqual(["before"]);
  expect(new Set([testbed, ...copies].map(({ gitRemote }) => gitRemote.main())).size).toBe(3);
  expect(testbed.secrets.snyk?.SNYK_TOKEN).not.toBe("another");
});
