import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { workflowSources } from "./workflow.ts";

const page = new URL("../../../docs/pipeline.md", import.meta.url);
const text = readFileSync(page, "utf8");

test("documents every variable and secret that the workflows use", () => {
  const names = workflowSources.flatMap(([, source]) =>
    [...source.matchAll(/\b(?:vars|secrets)\.([A-Z_]+)/g)].map(([, name = ""]) => name),
  );
  expect(names).toContain("SNYK_TOKEN");
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

test("requires only checks that are jobs", () => {
  const jobs = workflowSources.flatMap(([, source]) =>
    [...source.matchAll(/^ {2}([\w-]+):$/gm)].map(([, name]) => name),
  );
  const required = [...text.matchAll(/\{"context": "([^"]+)"/g)].map(([, name]) => name);
  expect(required).toEqual(["passed", "review"]);
  expect(jobs).toEqual(expect.arrayContaining(required));
});

test("links to existing files", () => {
  const links = [...text.matchAll(/\]\((?!https:)([^)#]+)\)/g)].map(([, path = ""]) => path);
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter((path) => !existsSync(new URL(path, page)))).toEqual([]);
});
