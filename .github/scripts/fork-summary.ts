import { variable } from "./github/environment.ts";
import { addSummary } from "./github/runner-files.ts";
import { annotate, step } from "./github/step.ts";

/** Why a pull request gets neither plan nor scan, for its author and whoever reviews it. */
export function forkSummary(actor: string, head: string, repository: string): string {
  const why =
    head === repository
      ? `It is ${actor}'s, whose runs get no secrets from GitHub`
      : `It comes from ${head}, and code from another repository gets no secrets and no access to AWS`;
  return [
    "### Checked, neither planned nor scanned",
    `${why}. So there is no Terraform plan of it and no scan by Snyk.`,
    "",
    `A maintainer who has read it pushes its commits to a branch of ${repository} and opens a pull request from there: that one is planned and scanned. Merged as it is, its image is scanned before it is deployed all the same, but its plan was not reviewed, so Deploy has to be run by hand.`,
  ].join("\n");
}

if (import.meta.main) {
  await step(() => {
    const head = process.env.HEAD_REPOSITORY ?? ""; // empty once the fork was deleted
    const text = forkSummary(variable("ACTOR"), head || "a fork", variable("GITHUB_REPOSITORY"));
    addSummary(text);
    annotate("notice", "Checked, neither planned nor scanned: see the summary.");
  });
}
