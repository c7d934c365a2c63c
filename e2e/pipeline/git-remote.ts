import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
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
  readonly checkOut: (commit: string, folder: string) => void;
}

export function makeGitRemote(folder: string): GitRemote {
  const git = (...args: readonly string[]) =>
    execFileSync(
      "git",
      ["-C", folder, "-c", "user.name=e2e", "-c", "user.email=e2e@example.com", ...args],
      { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
    ).trim();
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
  git("init", "--quiet", "--initial-branch=main");
  git("add", "--all");
  git("commit", "--quiet", "--message=first");
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
    checkOut: (commit, to) => {
      execFileSync("git", ["clone", "--quiet", "--shared", "--no-checkout", folder, to]);
      execFileSync("git", ["-C", to, "checkout", "--quiet", commit]);
    },
  };
}

/**
 * Does what `npm ci` does, without copying a gigabyte: links the packages of this repository and their
 * programs.
 * @param fakes path of the replacement for each program that must not run
 */
export function linkPackages(workspace: string, fakes: Readonly<Record<string, string>>): void {
  const from = join(root, "node_modules");
  const to = join(workspace, "node_modules");
  mkdirSync(join(to, ".bin"), { recursive: true });
  for (const name of readdirSync(from)) {
    if (name !== ".bin") symlinkSync(join(from, name), join(to, name));
  }
  for (const name of readdirSync(join(from, ".bin"))) {
    symlinkSync(fakes[name] ?? join(from, ".bin", name), join(to, ".bin", name));
  }
}
