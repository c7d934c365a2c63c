import type { Testbed } from "./testbed.ts";
import type { TriggerEvent } from "./workflow-run.ts";

/** A pull request: its head, and the merge commit that GitHub creates to check it. */
export interface PullRequest {
  readonly number: number;
  readonly head: string;
  readonly merge: string;
}

let lastNumber = 6;

/** Commits a file on a branch, and opens a pull request for it. */
export function makePullRequest(
  { gitRemote }: Testbed,
  branch: string,
  file: string,
  content: string,
): PullRequest {
  lastNumber += 1;
  const head = gitRemote.commit(branch, file, content);
  return { number: lastNumber, head, merge: gitRemote.merge(branch, `merge-of-${branch}`) };
}

/** @param repository the repository of the head; another one than the testbed's is a fork */
export function opened(
  { number, head, merge }: PullRequest,
  testbed: Testbed,
  repository = testbed.api.repository,
): TriggerEvent {
  const fork = repository !== testbed.api.repository;
  const payload = {
    pull_request: {
      number,
      head: { sha: head, repo: { full_name: repository } },
      user: { login: fork ? "mallory" : "octocat" },
    },
  };
  return { name: "pull_request", ref: `refs/pull/${number}/merge`, sha: merge, payload, fork };
}

/** Records a pull request as merged into main by its merge commit. */
export function merged({ number, head, merge }: PullRequest, { api }: Testbed): TriggerEvent {
  if (!api.pullRequests.some((known) => known.number === number)) {
    api.pullRequests.push({
      number,
      head: { sha: head },
      merged_at: "2026-11-20T00:00:00Z",
      merge_commit_sha: merge,
    });
  }
  return onMain("push", merge);
}

export function onMain(
  name: TriggerEvent["name"],
  sha: string,
  inputs: Readonly<Record<string, string>> = {},
): TriggerEvent {
  const payload = { repository: { private: false } };
  return { name, ref: "refs/heads/main", sha, payload, inputs };
}
