/** A route of the fake API. */
export interface Route {
  readonly method: string;
  readonly path: RegExp;
  /** Requires one of these, such as `issues: read`; write includes read. Empty: any token may. */
  readonly permission: readonly string[];
  readonly respond: (request: Request) => ApiResponse;
}

export interface Request {
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ApiResponse {
  readonly status: number;
  readonly body: unknown;
}

export interface StoredPullRequest {
  readonly number: number;
  readonly head: { sha: string; readonly ref?: string; readonly repo?: { full_name: string } };
  /** Who opened it; octocat by default. */
  readonly user?: { readonly login: string };
  /** `null` while it is open. */
  merged_at: string | null;
  merge_commit_sha: string | null;
}

export function list(items: readonly unknown[]): ApiResponse {
  return { status: 200, body: items };
}
