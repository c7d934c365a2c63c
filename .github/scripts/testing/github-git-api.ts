import type { ApiResponse, Route } from "./github-route.ts";

/** https://docs.github.com/rest/git */
export function gitRoutes({
  branches,
  nextId,
}: {
  readonly branches: Map<string, Readonly<Record<string, string>>>;
  readonly nextId: () => number;
}): readonly Route[] {
  const trees = new Map<string, Readonly<Record<string, string>>>();
  const permission = ["contents: write"];
  const store = (files: Readonly<Record<string, string>>): ApiResponse => {
    const sha = String(nextId()).padStart(40, "0");
    trees.set(sha, files);
    return { status: 201, body: { sha } };
  };
  const push = (branch: string, sha: unknown, status: number): ApiResponse => {
    branches.set(branch, trees.get(String(sha)) ?? {});
    return { status, body: { ref: `refs/heads/${branch}`, object: { sha } } };
  };
  return [
    {
      method: "GET",
      path: /^\/git\/commits\/([0-9a-f]{40})$/,
      permission: ["contents: read"],
      respond: ({ params: [sha] }) => ({
        status: 200,
        body: { sha, tree: { sha: "1".repeat(40) } },
      }),
    },
    {
      method: "POST",
      path: /^\/git\/trees$/,
      permission,
      respond: ({ body }) =>
        store(
          Object.fromEntries(
            (body.tree as { path: string; content: string }[]).map(({ path, content }) => [
              path,
              content,
            ]),
          ),
        ),
    },
    {
      method: "POST",
      path: /^\/git\/commits$/,
      permission,
      respond: ({ body }) => store(trees.get(String(body.tree)) ?? {}),
    },
    {
      method: "GET",
      path: /^\/git\/matching-refs\/heads\/(.+)$/,
      permission: ["contents: read"],
      respond: ({ params: [prefix = ""] }) => ({
        status: 200,
        body: [...branches.keys()]
          .filter((branch) => branch.startsWith(prefix))
          .map((branch) => ({ ref: `refs/heads/${branch}` })),
      }),
    },
    {
      method: "POST",
      path: /^\/git\/refs$/,
      permission,
      respond: ({ body }) => {
        const branch = String(body.ref).replace("refs/heads/", "");
        return branches.has(branch)
          ? { status: 422, body: { message: "Reference already exists" } }
          : push(branch, body.sha, 201);
      },
    },
    {
      method: "PATCH",
      path: /^\/git\/refs\/heads\/(.+)$/,
      permission,
      respond: ({ params: [branch = ""], body }) => push(branch, body.sha, 200),
    },
  ];
}
