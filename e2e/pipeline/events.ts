import type { RunResult } from "./run-workflow.ts";
import type { GitHubTestbed } from "./testbed.ts";
import type { TriggerEvent } from "./workflow-run.ts";

/** A pull request: its head, and the merge commit that GitHub creates to check it. */
export interface PullRequest {
  readonly number: number;
  readonly branch: string;
  readonly head: string;
  readonly merge: string;
}

let lastNumber = 6;

/** Commits files on a branch, and opens a pull request for it. */
export function makePullRequest(
  { gitRemote, api }: GitHubTestbed,
  branch: string,
  files: Readonly<Record<string, string>>,
  repository = api.repository,
): PullRequest {
  lastNumber += 1;
  const head = gitRemote.commit(branch, files);
  const isFork = repository !== api.repository;
  api.pullRequests.push({
    number: lastNumber,
    head: { sha: head, ref: branch, repo: { full_name: repository } },
    user: { login: isFork ? "mallory" : "octocat" },
    merged_at: null,
    merge_commit_sha: null,
  });
  return { number: lastNumber, branch, head, merge: gitRemote.merge(branch, `merge-of-${branch}`) };
}

/** Pushes another commit to the branch of a pull request. */
export function pushAgain(
  pullRequest: PullRequest,
  { gitRemote, api }: GitHubTestbed,
  files: Readonly<Record<string, string>>,
): PullRequest {
  const { branch, number } = pullRequest;
  const head = gitRemote.commit(branch, files);
  const stored = api.pullRequests.find((each) => each.number === number);
  if (stored !== undefined) stored.head.sha = head;
  return { ...pullRequest, head, merge: gitRemote.merge(branch, `merge-of-${branch}`) };
}

/** @param repository the repository of the head; another one than the testbed's is a fork */
export function opened(
  { number, branch, head, merge }: PullRequest,
  testbed: GitHubTestbed,
  repository = testbed.api.repository,
): TriggerEvent {
  const fork = repository !== testbed.api.repository;
  const user = fork ? "mallory" : "octocat";
  const payload = {
    pull_request: {
      number,
      head: { sha: head, repo: { full_name: repository } },
      user: { login: user },
    },
  };
  return {
    name: "pull_request",
    ref: `refs/pull/${number}/merge`,
    sha: merge,
    payload,
    head: { sha: head, branch, repository },
    actor: user,
    fork,
  };
}

/** The end of a run of another workflow, which starts review.yml on main. */
export function completed(
  { run: { id, event } }: RunResult,
  { gitRemote }: GitHubTestbed,
): TriggerEvent {
  const { branch = "", repository = "" } = event.head ?? {};
  const payload = {
    workflow_run: { id, head_branch: branch, head_repository: { full_name: repository } },
  };
  return { name: "workflow_run", ref: "refs/heads/main", sha: gitRemote.main(), payload };
}

/** Approves the head of a pull request. */
export function approve(
  { number, head }: PullRequest,
  { api }: GitHubTestbed,
  login = "reviewer",
): void {
  api.reviews.push({
    pullRequest: number,
    user: { login, type: "User" },
    state: "APPROVED",
    commit_id: head,
    submitted_at: api.now(),
  });
}

/** Merges a pull request into main by its merge commit. */
export function merged(
  { number, merge }: PullRequest,
  { api, gitRemote }: GitHubTestbed,
): TriggerEvent {
  const stored = api.pullRequests.find((known) => known.number === number);
  if (stored !== undefined && stored.merged_at === null) {
    stored.merged_at = "2026-11-20T00:00:00Z";
    stored.merge_commit_sha = merge;
    gitRemote.advance(merge);
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
