/**
 * Source of a fake Snyk CLI: it writes the requested SARIF file and exits as FAKE_SNYK says, with
 * `<code>` or `<code>:<kind of results>`. A comma separates values for several commands, each with the
 * command before an `=`, as in `container=1,0`. Like the real CLI, it needs SNYK_TOKEN.
 */
export const FAKE_SNYK = `#!/usr/bin/env node
const { appendFileSync, existsSync, writeFileSync } = require("node:fs");
const args = process.argv.slice(2);
const log = process.env.FAKE_SNYK_LOG;
if (log) appendFileSync(log, JSON.stringify(args) + "\\n");
const values = (process.env.FAKE_SNYK ?? "0").split(",");
const value = values.find((each) => each.startsWith(args[0] + "=")) ?? values.find((each) => !each.includes("="));
const [code = "0", kind = code === "1" ? "finding" : "clean"] = (value ?? "0").replace(/^.*=/, "").split(":");
if (!process.env.SNYK_TOKEN) {
  console.error("Authentication error");
  process.exit(process.env.SNYK_CI === "1" ? 77 : 2);
}
const archive = args.find((each) => each.startsWith("oci-archive:"));
if (archive && !existsSync(archive.slice("oci-archive:".length))) process.exit(2);
const file = args.find((each) => each.startsWith("--sarif-file-output="))?.slice("--sarif-file-output=".length);
const rules = [{ id: "SNYK-1", defaultConfiguration: { level: "error" }, properties: { "security-severity": null } }];
const results = kind === "finding" ? [{ ruleId: "SNYK-1", level: "error", message: { text: "x" } }] : [];
const run = { tool: { driver: { name: "Snyk", rules: results.length > 0 ? rules : [] } }, results };
if (file && kind === "garbage") writeFileSync(file, "not a result");
else if (file && kind !== "none") writeFileSync(file, JSON.stringify({ version: "2.1.0", runs: [run] }));
console.log("fake snyk " + args.join(" "));
process.exit(Number(code));
`;
