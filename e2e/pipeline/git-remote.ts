import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../../common/run.ts";
import { root } from "../terraform/workspace.ts";

/** Replaces the repository on GitHub. The first commit holds the working tree of this repository. */
export interface GitRemote {
  readonly folder: string;
  /** Returns the head commit of main. */
  readonly main: () => string;
  /** Commits files, by path, on a branch that starts at main. @returns its commit */
  readonly commit: (branch: string, files: Readonly<Record<string, string>>) => string;
  /** Merges a branch into another. @returns the merge commit */
  readonly merge: (branch: string, into: string) => string;
  /** Makes a commit the head of main. */
  readonly advance: (commit: string) => void;
  /** Returns a file of a commit. */
  readonly read: (commit: string, file: string) => string;
  /** Returns the ID of the tree of a commit. */
  readonly tree: (commit: string) => string;
  readonly isAncestor: (commit: string, of: string) => boolean;
  /** Clones the repository into a new folder and checks out a commit. */
  readonly checkOut: (commit: string, folder: string) => Promise<void>;
}

/** Creates the repository in a new folder. */
export function makeGitRemote(folder: string): GitRemote {
  mkdirSync(folder, { recursive: true });
  const listed = execFileSync(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    { cwd: root, encoding: "utf8" },
  );
  for (const file of listed.split("\0").filter((name) => name !== "")) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    try {
      cpSync(join(root, file), join(folder, file));
    } catch (error) {
      // Tracked by git but deleted in the working tree.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  const git = gitIn(folder);
  git("init", "--quiet", "--initial-branch=main");
  git("add", "--all");
  git("commit", "--quiet", "--message=first");
  return openGitRemote(folder);
}

/** Opens a repository that `makeGitRemote` created, or a copy of its folder. */
export function openGitRemote(folder: string): GitRemote {
  const git = gitIn(folder);
  const clones = new Map<string, Promise<string>>();
  return {
    folder,
    main: () => git("rev-parse", "main"),
    commit: (branch, files) => {
      git("checkout", "--quiet", "-B", branch);
      for (const [file, content] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        writeFileSync(join(folder, file), content);
      }
      git("add", "--all");
      git("commit", "--quiet", `--message=change ${branch}`);
      const commit = git("rev-parse", "HEAD");
      git("checkout", "--quiet", "main");
      return commit;
    },
    merge: (branch, into) => {
      git("checkout", "--quiet", "-B", into, "main");
      git("merge", "--quiet", "--no-ff", `--message=merge ${branch}`, branch);
      const commit = git("rev-parse", "HEAD");
      git("checkout", "--quiet", "main");
      return commit;
    },
    advance: (commit) => {
      git("merge", "--quiet", "--ff-only", commit);
    },
    read: (commit, file) => git("show", `${commit}:${file}`),
    tree: (commit) => git("rev-parse", `${commit}^{tree}`),
    isAncestor: (commit, of) => {
      try {
        git("merge-base", "--is-ancestor", commit, of);
        return true;
      } catch {
        return false;
      }
    },
    checkOut: async (commit, to) => {
      const clone = clones.get(commit) ?? cloneOf(folder, commit);
      clones.set(commit, clone);
      await run(["cp", "-a", await clone, to]);
    },
  };
}

/** Folder beside the repository for clones. A copy of the repository starts without them. */
export const CLONES = "git-clones";

/** Clones once for each commit: a copy of the clone takes a quarter of the CPU of another clone. */
async function cloneOf(folder: string, commit: string): Promise<string> {
  const clone = join(folder, "..", CLONES, commit);
  await run(["git", "clone", "--quiet", "--shared", "--no-checkout", folder, clone]);
  await run(["git", "-C", clone, "checkout", "--quiet", commit]);
  return clone;
}

function gitIn(folder: string): (...args: readonly string[]) => string {
  return (...args) =>
    execFileSync(
      "git",
      ["-C", folder, "-c", "user.name=e2e", "-c", "user.email=e2e@example.com", ...args],
      { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
    ).trim();
}
