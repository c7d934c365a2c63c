import { variable } from "./github/environment.ts";
import { addSummary } from "./github/runner-files.ts";
import { annotate, step } from "./github/step.ts";

/** Explains to author and reviewers why a pull request is neither planned nor scanned. */
export function forkSummary(actor: string, head: string, repository: string): string {
  const why =
    head === repository
      ? `It was opened by ${actor}, and GitHub passes no secrets to its runs`
      : `It comes from ${head}, and code from another repository gets no secrets and no access to AWS`;
  return [
    "### Checked, but neither planned nor scanned",
    `${why}. So there is no Terraform plan and no Snyk scan.`,
    "",
    `After reviewing the code, a maintainer can push the commits to a branch of ${repository} and open a pull request from there, which is planned and scanned. If this pull request is merged instead, its image is scanned before deployment, but its plan was not reviewed, so Deploy must be run by hand.`,
  ].join("\n");
}

if (import.meta.main) {
  await step(() => {
    const head = process.env.HEAD_REPOSITORY ?? ""; // empty if the fork was deleted
    const text = forkSummary(variable("ACTOR"), head || "a fork", variable("GITHUB_REPOSITORY"));
    addSummary(text);
    annotate("notice", "Checked, but neither planned nor scanned: see the summary.");
  });
}
