import { describe, expect, test } from "vitest";
import { type Document, isMap, isScalar, isSeq } from "yaml";
import { gates } from "./gates.ts";
import { hygiene } from "./hygiene.ts";
import { actionlint } from "./linters.ts";
import { documentOf, readWorkflow, workflowSources } from "./workflow.ts";

/** All that the rules have against a workflow. */
function problemsOf(name: string, source: string): readonly string[] {
  let file: ReturnType<typeof readWorkflow>;
  try {
    file = readWorkflow(name, source);
  } catch (error) {
    return [`${name} cannot be read: ${(error as Error).message}`];
  }
  const rules = { ...hygiene, ...gates[name] };
  return Object.values(rules).flatMap((rule) => rule(file));
}

test("every workflow has gates, and all gates a workflow", () => {
  expect(Object.keys(gates).sort()).toEqual(workflowSources.map(([name]) => name).sort());
});

describe.each(workflowSources)("%s", (name, source) => {
  test.each(Object.entries({ ...hygiene, ...gates[name] }))("%s", (_, rule) => {
    expect(rule(readWorkflow(name, source))).toEqual([]);
  });
});

type Path = readonly (string | number)[];

/** What may be missing without a gate being open. */
const NO_GATES: readonly RegExp[] = [
  /\.name$/, // of a step, or of a workflow: what is shown
  /^run-name$/,
  /\.description$/,
  /\.retention-days$/,
  /\.strategy\.fail-fast$/, // one environment's failure would hide the plan of the other
  /\.environment\.url$/, // what GitHub links to
  /\.with\.if-no-files-found$/, // whoever downloads it fails
  /^jobs\.deploy\.steps\.\d+\.if$/, // that of the attestation: without it a private repository fails
  /^jobs\.(scan)\.steps\.\d+\.if$/, // without it the second scan waits for a green first one
];

/** Each key of a map and each item of a list, with all that hangs on it. */
function* nodesOf(document: Document.Parsed, path: Path = []): Generator<Path> {
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  if (isMap(node)) {
    for (const { key } of node.items) {
      const at = [...path, isScalar(key) ? String(key.value) : String(key)];
      yield at;
      yield* nodesOf(document, at);
    }
  } else if (isSeq(node)) {
    for (const index of node.items.keys()) {
      yield [...path, index];
      yield* nodesOf(document, [...path, index]);
    }
  }
}

function without(source: string, path: Path): string {
  const document = documentOf(source);
  document.deleteIn(path);
  return String(document);
}

describe("whatever is taken out of a workflow is missed", () => {
  test.each(workflowSources)("%s", async (name, source) => {
    const lint = await actionlint();
    const missed: string[] = [];
    let tried = 0;
    for (const path of nodesOf(documentOf(source))) {
      const at = path.join(".");
      if (NO_GATES.some((harmless) => harmless.test(at))) continue;
      tried += 1;
      const rest = without(source, path);
      if (problemsOf(name, rest).length > 0) continue;
      if ((await lint(name, rest)).length === 0) missed.push(at);
    }
    expect(missed).toEqual([]);
    expect(tried).toBeGreaterThan(60);
  });
});
