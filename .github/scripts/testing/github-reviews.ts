import { type ApiResponse, list, type Route, type StoredPullRequest } from "./github-route.ts";

/** What the fake API knows of reviews, workflow runs and commits. */
export interface ReviewState {
  readonly reviews: StoredReview[];
  /** Permission of each collaborator, such as `write`. */
  readonly collaborators: Map<string, string>;
  /** Statuses of commits, the newest last. */
  readonly statuses: { readonly sha: string; readonly context: string; readonly state: string }[];
  readonly runs: StoredRun[];
  readonly artifacts: StoredArtifact[];
  /** Runs of workflows started through the API, as `<file> <inputs>`. */
  readonly dispatched: string[];
  /** Logins of the authors of each pull request's commits. */
  readonly commitAuthors: Map<number, readonly string[]>;
  /** The repository's commits; replaced by a git repository in the end-to-end suite. */
  readonly git: GitObjects;
  /** Returns a later time with each call, in ISO 8601. */
  readonly now: () => string;
}

/** https://docs.github.com/rest/pulls/pulls#list-commits-on-a-pull-request */
const LISTED_COMMITS = 250;

export interface StoredReview {
  readonly pullRequest: number;
  readonly user: { readonly login: string; readonly type: "Bot" | "User" };
  readonly state: "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED" | "DISMISSED";
  readonly commit_id: string;
  readonly submitted_at: string;
}

export interface StoredRun {
  readonly id: number;
  readonly path: string;
  readonly event: string;
  readonly head_branch: string;
  readonly head_sha: string;
  readonly head_repository: { readonly full_name: string; readonly owner: { login: string } };
  readonly actor: { readonly login: string };
}

export interface StoredArtifact {
  readonly name: string;
  readonly run: number;
  readonly created_at: string;
}

export interface GitObjects {
  tree: (commit: string) => string;
  isAncestor: (commit: string, of: string) => boolean;
  file: (commit: string, path: string) => string;
}

export function emptyReviewState(repository: string): ReviewState {
  let last = 0;
  return {
    reviews: [],
    collaborators: new Map([[repository.split("/")[0] ?? "", "admin"]]),
    statuses: [],
    runs: [],
    artifacts: [],
    dispatched: [],
    commitAuthors: new Map(),
    git: { tree: () => "tree", isAncestor: () => true, file: (_, path) => path },
    now: () => {
      last = Math.max(Date.now(), last + 1000);
      return new Date(last).toISOString();
    },
  };
}

/** Adds what GitHub returns for a pull request of this repository by octocat. */
export function withDefaults(pullRequest: StoredPullRequest, repository: string) {
  const { head, user, ...rest } = pullRequest;
  return {
    ...rest,
    user: user ?? { login: "octocat" },
    base: { ref: "main" },
    state: pullRequest.merged_at === null ? "open" : "closed",
    head: { ...head, repo: head.repo ?? { full_name: repository } },
  };
}

export function reviewRoutes(
  state: ReviewState & {
    readonly repository: string;
    readonly pullRequests: readonly StoredPullRequest[];
  },
): readonly Route[] {
  return [...pullRequestRoutes(state), ...runRoutes(state), ...commitRoutes(state)];
}

type PullRequestState = Parameters<typeof reviewRoutes>[0];

function pullRequestRoutes(state: PullRequestState): readonly Route[] {
  const { repository, pullRequests, reviews, collaborators, commitAuthors } = state;
  const permission = ["pull-requests: read"];
  return [
    {
      method: "GET",
      path: /^\/pulls$/,
      permission,
      respond: ({ query }) =>
        list(
          pullRequests
            .map((each) => withDefaults(each, repository))
            .filter(({ state: open, head }) => {
              const label = `${head.repo.full_name.split("/")[0]}:${head.ref}`;
              return (
                open === (query.get("state") ?? "open") && label === (query.get("head") ?? label)
              );
            }),
        ),
    },
    {
      method: "GET",
      path: /^\/pulls\/(\d+)$/,
      permission,
      respond: ({ params: [number] }) => {
        const found = pullRequests.find((each) => each.number === Number(number));
        return found === undefined ? NOT_FOUND : ok(withDefaults(found, repository));
      },
    },
    {
      method: "GET",
      path: /^\/pulls\/(\d+)\/reviews$/,
      permission,
      respond: ({ params: [number] }) =>
        list(reviews.filter(({ pullRequest }) => pullRequest === Number(number))),
    },
    {
      method: "GET",
      path: /^\/pulls\/(\d+)\/commits$/,
      permission,
      respond: ({ params: [number] }) =>
        list(
          (commitAuthors.get(Number(number)) ?? ["octocat"])
            .slice(0, LISTED_COMMITS)
            .map((login) => ({ author: { login }, committer: null })),
        ),
    },
    {
      method: "GET",
      path: /^\/collaborators\/([\w-]+)\/permission$/,
      permission: [],
      respond: ({ params: [login = ""] }) => ok({ permission: collaborators.get(login) ?? "read" }),
    },
  ];
}

function runRoutes({ runs, artifacts, dispatched }: PullRequestState): readonly Route[] {
  const permission = ["actions: read"];
  const described = (some: readonly StoredArtifact[]) =>
    ok({
      total_count: some.length,
      artifacts: some.map(({ run, ...rest }) => ({
        ...rest,
        expired: false,
        workflow_run: { id: run },
      })),
    });
  return [
    {
      method: "GET",
      path: /^\/actions\/runs\/(\d+)$/,
      permission,
      respond: ({ params: [id] }) => {
        const found = runs.find((run) => run.id === Number(id));
        return found === undefined ? NOT_FOUND : ok(found);
      },
    },
    {
      method: "GET",
      path: /^\/actions\/workflows\/build\.yml\/runs$/,
      permission,
      respond: ({ query }) => {
        const found = runs.filter(
          ({ path, head_sha }) => path.endsWith("/build.yml") && head_sha === query.get("head_sha"),
        );
        return ok({ total_count: found.length, workflow_runs: found.toReversed() });
      },
    },
    {
      method: "GET",
      path: /^\/actions\/runs\/(\d+)\/artifacts$/,
      permission,
      respond: ({ params: [id] }) => described(artifacts.filter(({ run }) => run === Number(id))),
    },
    {
      method: "GET",
      path: /^\/actions\/artifacts$/,
      permission,
      respond: ({ query }) => described(artifacts.filter(({ name }) => name === query.get("name"))),
    },
    {
      method: "POST",
      path: /^\/actions\/workflows\/([\w.-]+)\/dispatches$/,
      permission: ["actions: write"],
      respond: ({ params: [file], body }) => {
        dispatched.push(`${file} ${JSON.stringify(body.inputs)}`);
        return { status: 204, body: null };
      },
    },
  ];
}

function commitRoutes({ git, statuses }: PullRequestState): readonly Route[] {
  const permission = ["contents: read"];
  return [
    {
      method: "GET",
      path: /^\/git\/commits\/([0-9a-f]{40})$/,
      permission,
      respond: ({ params: [sha = ""] }) => ok({ sha, tree: { sha: git.tree(sha) } }),
    },
    {
      method: "GET",
      path: /^\/compare\/([\w.]+?)\.\.\.([\w.]+)$/,
      permission,
      respond: ({ params: [base = "", head = ""] }) =>
        ok({ status: git.isAncestor(base, head) ? "ahead" : "diverged" }),
    },
    {
      method: "GET",
      path: /^\/contents\/(.+)$/,
      permission,
      respond: ({ params: [path = ""], query }) =>
        ok(git.file(query.get("ref") ?? "", decodeURIComponent(path))),
    },
    {
      method: "POST",
      path: /^\/statuses\/([0-9a-f]{40})$/,
      permission: ["statuses: write"],
      respond: ({ params: [sha = ""], body }) => {
        statuses.push({ sha, context: String(body.context), state: String(body.state) });
        return { status: 201, body: {} };
      },
    },
  ];
}

const NOT_FOUND: ApiResponse = { status: 404, body: { message: "Not Found" } };

function ok(body: unknown): ApiResponse {
  return { status: 200, body };
}
