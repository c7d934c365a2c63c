import type { Contexts } from "./expressions.ts";

/** The status of a job after a step failed. */
export const FAILED = { failed: true, cancelled: false };

/** GitHub's contexts of a run: by default an own pull request, or a merge into main. */
export function contextsOf({
  repository = "example-org/cipherwatch",
  author = "octocat",
  ref = "refs/heads/main",
  steps = {},
} = {}): Contexts {
  const pullRequest = { head: { repo: { full_name: repository } }, user: { login: author } };
  return {
    github: {
      ref,
      event_name: "push",
      event: { pull_request: pullRequest },
      repository: "example-org/cipherwatch",
    },
    vars: { ENVIRONMENTS: '["dev"]' },
    steps,
  };
}
