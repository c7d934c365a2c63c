import { describe, expect, test } from "vitest";
import { hygiene } from "./hygiene.ts";
import { readWorkflow, workflowSources } from "./workflow.ts";

describe.each(workflowSources)("%s", (name, source) => {
  test.each(Object.entries(hygiene))("%s", (_, check) => {
    expect(check(readWorkflow(name, source))).toEqual([]);
  });
});

/** Steps of the first job with a secret. */
const INSTALL = [
  "          node-version: ${{ env.NODE_VERSION }}",
  "          package-manager-cache: false",
  '      - run: npm ci --ignore-scripts && echo "$PWD/node_modules/.bin" >> "$GITHUB_PATH"',
  "      - run: npm rebuild snyk",
].join("\n");

/** Each check with edits of deploy.yml that violate it: the text to replace, and its replacement. */
const violations: Readonly<Record<string, readonly (readonly [from: string, to: string])[]>> = {
  "uses no event that runs foreign code with a privileged token": [
    ["  push:\n", "  pull_request_target:\n"],
    ["  push:\n", "  issue_comment:\n"],
  ],
  "grants permissions per job only": [["permissions: {}", "permissions: write-all"]],
  "grants each job exactly the permissions its steps need": [
    ["      contents: read\n    outputs", "      contents: write\n    outputs"],
    ["    permissions:\n      contents: read\n    outputs", "    outputs"],
  ],
  "has a concurrency group; only runs for pull requests are cancelled": [
    ["cancel-in-progress: false", "cancel-in-progress: true"],
  ],
  "fails a step when a command in a pipe fails": [["shell: bash", "shell: sh"]],
  "limits each job to 60 minutes": [
    ["    timeout-minutes: 30\n", ""],
    ["timeout-minutes: 30", "timeout-minutes: 90"],
  ],
  "pins the version of the runner": [["runs-on: ubuntu-24.04", "runs-on: ubuntu-latest"]],
  "ignores no failure": [
    ["    timeout-minutes: 30\n", "    timeout-minutes: 30\n    continue-on-error: true\n"],
    ["run: exec node .github/scripts/apply.ts", "run: exec node .github/scripts/apply.ts || true"],
  ],
  "pins each action to a known commit, with its version as a comment": [
    ["actions/checkout@", "actions/checkout@v7 # "],
    ["actions/checkout@3", "actions/checkout@4"],
    ["actions/checkout@", "mallory/checkout@"],
  ],
  "keeps expressions out of scripts": [["run: npm ci", "run: echo ${{ github.ref }} && npm ci"]],
  "leaves no credentials in the checkout": [
    ["        with:\n          persist-credentials: false\n", ""],
  ],
  "installs the pinned Terraform without the wrapper, which hides exit codes": [
    ["terraform_wrapper: false", "terraform_wrapper: true"],
    ["terraform_version: ${{ env.TERRAFORM_VERSION }}", "terraform_version: latest"],
    ["TERRAFORM_VERSION: 1.11.4", 'TERRAFORM_VERSION: "1"'],
  ],
  "passes secrets to single steps of jobs in an environment": [
    ["  SNYK_API:", "  TOKEN: ${{ secrets.SNYK_TOKEN }}\n  SNYK_API:"],
    ["    environment:\n      name: snyk\n      deployment: false\n", ""],
    ["SNYK_TOKEN: ${{ secrets.SNYK_TOKEN }}", "SNYK_TOKEN: ${{ secrets.OTHER }}"],
  ],
  "sets every variable that a script or command reads": [
    ["          PLATFORM: ${{ steps.settings.outputs.platform }}\n", "          OTHER: x\n"],
    ["          PLAN_BUCKET: ${{", "          OTHER: ${{"],
  ],
  "checks out and installs packages before it runs a script or receives credentials": [
    [
      'run: npm ci --ignore-scripts && echo "$PWD/node_modules/.bin" >> "$GITHUB_PATH"',
      "run: npm test",
    ],
  ],
  "installs packages without their scripts, and the pinned Node, beside credentials": [
    [INSTALL, INSTALL.replace(" --ignore-scripts", "")],
    ["run: npm rebuild snyk", "run: npm rebuild"],
    ["run: npm rebuild snyk", "run: npm run build"],
    [
      "      - uses: hashicorp/setup-terraform@",
      "      - run: npm rebuild snyk\n      - uses: hashicorp/setup-terraform@",
    ],
    [INSTALL, INSTALL.replace("          package-manager-cache: false\n", "")],
    [INSTALL, INSTALL.replace("${{ env.NODE_VERSION }}", "24")],
  ],
  "uses the Node version of package.json": [["NODE_VERSION: 24.21.0", "NODE_VERSION: 24.0.0"]],
  "shares no cache, which a pull request could poison": [
    ["          package-manager-cache: false\n", "          cache: npm\n"],
    [
      "      - uses: docker/setup-buildx-action@",
      "      - uses: actions/cache@27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5\n      - uses: docker/setup-buildx-action@",
    ],
  ],
  "passes no token but to the actions and scripts that need it": [
    ["run: npm test", "run: npm test\n        env:\n          TOKEN: ${{ github.token }}"],
    [
      "          persist-credentials: false\n",
      "          persist-credentials: false\n          token: ${{ github.token }}\n",
    ],
  ],
  "downloads artifacts that a needed job uploads": [
    ["          name: scannable-plans\n", "          name: other\n"],
  ],
  "can upload an artifact again when its job is run again": [["          overwrite: true\n", ""]],
  "downloads each artifact to a folder of its own, where it replaces no file of the checkout": [
    ["          path: review\n", ""],
    ["          path: review\n", "          path: .\n"],
    ["          path: review\n", "          path: .github\n"],
    ["          path: review\n", "          path: review/../stacks\n"],
    ["          path: review\n", "          path: stacks\n"],
    ["          path: review\n", "          path: node_modules\n"],
  ],
};

test("tests every check with a workflow that violates it", () => {
  expect(Object.keys(violations).sort()).toEqual(Object.keys(hygiene).sort());
});

describe.each(Object.entries(violations))("rejects a violation of: %s", (name, edits) => {
  const [file = "", source = ""] = workflowSources.find(([each]) => each === "deploy.yml") ?? [];

  test.each(edits)("%j → %j", (from, to) => {
    const edited = source.replace(from, () => to);
    expect(edited).not.toBe(source);
    expect(hygiene[name]?.(readWorkflow(file, edited))).not.toEqual([]);
  });
});
