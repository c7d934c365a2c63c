/** A request to the fake of GitHub's API. */
export interface Request {
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}
export interface ApiResponse {
  readonly status: number;
  readonly body: unknown;
}
export interface Route {
  readonly method: string;
  readonly path: RegExp;
  /** Requires one of these, such as `issues: read`; write includes read. Empty: no permission. */
  readonly permission: readonly string[];
  readonly respond: (request: Request) => ApiResponse;
}
