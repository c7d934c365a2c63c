/**
 * A program in the place of Snyk's: it writes the SARIF that it is asked for and ends with the code of
 * SNYK_STAND_IN, `<code>` or `<code>:<kind of results>`; which of several it is for stands before an
 * `=`, as in `container=1`. It needs a token, as Snyk does.
 */
export const SNYK_STAND_IN = `#!/usr/bin/env node
const { appendFileSync, existsSync, writeFileSync } = require("node:fs");
const args = process.argv.slice(2);
const log = process.env.SNYK_STAND_IN_LOG;
if (log) appendFileSync(log, JSON.stringify(args) + "\\n");
const said = (process.env.SNYK_STAND_IN ?? "0").split(",");
const own = said.find((each) => each.startsWith(args[0] + "=")) ?? said.find((each) => !each.includes("="));
const [code = "0", kind = code === "1" ? "finding" : "clean"] = (own ?? "0").replace(/^.*=/, "").split(":");
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
console.log("stand-in for snyk " + args.join(" "));
process.exit(Number(code));
`;
