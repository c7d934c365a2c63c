import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { gitRoutes } from "./github-git-api.ts";
import {
  emptyReviewState,
  type ReviewState,
  reviewRoutes,
  withDefaults,
} from "./github-reviews.ts";
import { type ApiResponse, list, type Route, type StoredPullRequest } from "./github-route.ts";

/** Fake of the part of GitHub's API that the pipeline uses, in memory, for one repository. */
export interface GitHubApi extends ReviewState {
  readonly url: string;
  readonly repository: string;
  readonly issues: StoredIssue[];
  readonly comments: StoredComment[];
  readonly pullRequests: StoredPullRequest[];
  readonly deployments: StoredDeployment[];
  readonly visibility: { private: boolean };
  /** Files that were pushed to a branch through the API, by branch and path. */
  readonly branches: Map<string, Readonly<Record<string, string>>>;
  /** Received requests, as `GET /repos/…`. */
  readonly requests: string[];
  /** Returns a new number or id, also for copies. */
  readonly nextId: () => number;
  /** Creates a GITHUB_TOKEN with the permissions of a job. */
  readonly tokenFor: (permissions: Permissions) => string;
  readonly close: () => Promise<void>;
}

export type Permissions = Readonly<Record<string, string>>;

export interface User {
  readonly login: string;
  readonly type: "Bot" | "User";
}

export interface StoredIssue {
  readonly number: number;
  readonly user: User;
  title: string;
  body: string;
  state: string;
}

export interface StoredComment {
  readonly id: number;
  /** Number of the issue or pull request. */
  readonly issue: number;
  readonly user: User;
  body: string;
  /** Set by every change. */
  updated_at?: string;
}

export interface StoredDeployment {
  readonly id: number;
  readonly environment: string;
  readonly sha: string;
  /** Newest first. */
  readonly states: readonly string[];
}

const BOT: User = { login: "github-actions[bot]", type: "Bot" };

/** GitHub rejects a longer body: https://docs.github.com/rest/issues/comments */
const LONGEST_BODY = 65_536;
const PER_PAGE = 30;

interface State extends ReviewState {
  readonly repository: string;
  readonly issues: StoredIssue[];
  readonly comments: StoredComment[];
  readonly pullRequests: StoredPullRequest[];
  readonly deployments: StoredDeployment[];
  readonly visibility: { private: boolean };
  readonly branches: Map<string, Readonly<Record<string, string>>>;
  readonly requests: string[];
  readonly tokens: Map<string, Permissions>;
  /** Returns a new number or id. */
  readonly nextId: () => number;
}

/**
 * Starts the API on a free port of the loopback interface.
 * @param from another API, whose state it starts with; without its tokens
 */
export async function startGitHubApi(from?: GitHubApi): Promise<GitHubApi> {
  const repository = from?.repository ?? "example-org/cipherwatch";
  let lastId = 100_000;
  const state: State = {
    repository,
    ...emptyReviewState(repository),
    issues: [],
    comments: [],
    pullRequests: [],
    deployments: [],
    visibility: { private: false },
    branches: new Map(),
    requests: [],
    nextId: () => {
      lastId += 1;
      return lastId;
    },
    ...(from === undefined ? {} : copyOf(from)),
    tokens: new Map(),
  };
  const routes = [
    ...commentRoutes(state),
    ...issueRoutes(state),
    ...readOnlyRoutes(state),
    ...reviewRoutes(state),
    ...gitRoutes(state),
  ];
  const server = createServer((request, response) => {
    respond(state, routes, request).then(
      ({ status, body, link }) => {
        response.writeHead(status, {
          "Content-Type": "application/json; charset=utf-8",
          ...(link === undefined ? {} : { Link: link }),
        });
        response.end(JSON.stringify(body));
      },
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    ...state,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tokenFor: (permissions) => {
      const token = `ghs_${randomUUID().replaceAll("-", "")}`;
      state.tokens.set(token, permissions);
      return token;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Copies what an API stores; clock and numbers are shared. */
function copyOf({ url: _, tokenFor: __, close: ___, git, now, nextId, ...stored }: GitHubApi) {
  return { ...structuredClone(stored), git: { ...git }, now, nextId };
}

async function respond(
  { repository, requests, tokens }: State,
  routes: readonly Route[],
  message: IncomingMessage,
): Promise<ApiResponse & { readonly link?: string }> {
  const origin = `http://${message.headers.host}`;
  const { pathname, searchParams: query, href } = new URL(message.url ?? "", origin);
  requests.push(`${message.method} ${pathname}`);
  const permissions = tokens.get((message.headers.authorization ?? "").replace(/^token /, ""));
  if (permissions === undefined) return { status: 401, body: { message: "Bad credentials" } };
  const path = decodeURIComponent(pathname).replace(`/repos/${repository}`, "");
  for (const route of routes) {
    const match = route.method === message.method ? route.path.exec(path) : null;
    if (match === null) continue;
    const { permission } = route;
    if (permission.length > 0 && !permission.some((each) => allows(permissions, each))) {
      return { status: 403, body: { message: "Resource not accessible by integration" } };
    }
    const body = message.method === "GET" ? {} : JSON.parse(await textOf(message));
    if (String(body.body ?? "").length > LONGEST_BODY) {
      return { status: 422, body: { message: "body is too long (maximum is 65536 characters)" } };
    }
    const response = route.respond({ params: match.slice(1), query, body });
    return Array.isArray(response.body) ? paged(response.body, query, href) : response;
  }
  return { status: 404, body: { message: "Not Found" } };
}

function commentRoutes({ repository, comments, nextId, now }: State): readonly Route[] {
  return [
    {
      method: "GET",
      path: /^\/issues\/(\d+)\/comments$/,
      permission: ["issues: read", "pull-requests: read"],
      respond: ({ params: [number] }) =>
        list(comments.filter(({ issue }) => issue === Number(number))),
    },
    {
      method: "POST",
      path: /^\/issues\/(\d+)\/comments$/,
      permission: ["issues: write", "pull-requests: write"],
      respond: ({ params: [number], body }) => {
        const comment = {
          id: nextId(),
          issue: Number(number),
          user: BOT,
          body: String(body.body),
          updated_at: now(),
        };
        comments.push(comment);
        return { status: 201, body: withUrl(comment, repository) };
      },
    },
    {
      method: "PATCH",
      path: /^\/issues\/comments\/(\d+)$/,
      permission: ["issues: write", "pull-requests: write"],
      respond: ({ params: [id], body }) =>
        update(
          comments.find((comment) => comment.id === Number(id)),
          { ...body, updated_at: now() },
          repository,
        ),
    },
  ];
}

function issueRoutes({ repository, issues, nextId }: State): readonly Route[] {
  return [
    {
      method: "GET",
      path: /^\/issues$/,
      permission: ["issues: read"],
      respond: ({ query }) =>
        list(
          issues.filter(
            ({ state, user }) =>
              state === (query.get("state") ?? "open") &&
              user.login === (query.get("creator") ?? user.login),
          ),
        ),
    },
    {
      method: "POST",
      path: /^\/issues$/,
      permission: ["issues: write"],
      respond: ({ body }) => {
        const issue = {
          number: nextId(),
          user: BOT,
          title: String(body.title),
          body: String(body.body),
          state: "open",
        };
        issues.push(issue);
        return { status: 201, body: withUrl(issue, repository) };
      },
    },
    {
      method: "PATCH",
      path: /^\/issues\/(\d+)$/,
      permission: ["issues: write"],
      respond: ({ params: [number], body }) =>
        update(
          issues.find((issue) => issue.number === Number(number)),
          body,
          repository,
        ),
    },
  ];
}

function readOnlyRoutes({
  repository,
  pullRequests,
  deployments,
  visibility,
}: State): readonly Route[] {
  return [
    {
      method: "GET",
      path: /^$/,
      permission: [], // every token may read it
      respond: () => ({ status: 200, body: visibility }),
    },
    {
      method: "GET",
      path: /^\/commits\/([0-9a-f]{40})\/pulls$/,
      permission: ["pull-requests: read"],
      respond: ({ params: [sha] }) =>
        list(
          pullRequests
            .filter(({ head, merge_commit_sha }) => head.sha === sha || merge_commit_sha === sha)
            .map((each) => withDefaults(each, repository)),
        ),
    },
    {
      method: "GET",
      path: /^\/deployments$/,
      permission: ["deployments: read"],
      respond: ({ query }) =>
        list(
          deployments
            .filter(({ environment }) => environment === query.get("environment"))
            .sort((a, b) => b.id - a.id),
        ),
    },
    {
      method: "GET",
      path: /^\/deployments\/(\d+)\/statuses$/,
      permission: ["deployments: read"],
      respond: ({ params: [id] }) => {
        const states = deployments.find((each) => each.id === Number(id))?.states ?? [];
        return list(states.map((state) => ({ state })));
      },
    },
  ];
}

function withUrl<T extends object>(item: T, repository: string): T & { readonly html_url: string } {
  return { ...item, html_url: `https://github.com/${repository}/${Object.values(item)[0]}` };
}

function update<T extends object>(
  item: T | undefined,
  body: Partial<T>,
  repository: string,
): ApiResponse {
  if (item === undefined) return { status: 404, body: { message: "Not Found" } };
  return { status: 200, body: withUrl(Object.assign(item, body), repository) };
}

function allows(permissions: Permissions, permission: string): boolean {
  const [scope = "", level] = permission.split(": ");
  return permissions[scope] === level || permissions[scope] === "write";
}

/** https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api */
function paged(items: readonly unknown[], query: URLSearchParams, href: string) {
  const size = Math.min(Number(query.get("per_page") ?? PER_PAGE), 100);
  const page = Number(query.get("page") ?? 1);
  const body = items.slice((page - 1) * size, page * size);
  if (page * size >= items.length) return { status: 200, body };
  const next = new URL(href);
  next.searchParams.set("page", String(page + 1));
  return { status: 200, body, link: `<${next.href}>; rel="next"` };
}

async function textOf(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
