import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { type Command, CommandError, run, succeeds } from "./run.ts";

const node = (script: string): Command => [process.execPath, "-e", script];

test("captures standard output and standard error", async () => {
  const result = await run(node("console.log('a'); console.error('b')"));
  expect(result).toMatchObject({ code: 0, stdout: "a\n", stderr: "b\n" });
  expect([...result.output].sort()).toEqual([..."a\nb\n"].sort());
});

test("passes arguments without a shell", async () => {
  const { stdout } = await run([...node("console.log(process.argv[1])"), "$HOME; *"]);
  expect(stdout).toBe("$HOME; *\n");
});

test("rejects an exit code that is not accepted, with the command line and the output", async () => {
  const failing = node("console.error('no such bucket'); process.exitCode = 3");
  await expect(run(failing)).rejects.toThrow(CommandError);
  await expect(run(failing)).rejects.toThrow(/node.* -e .*exited with code 3:\nno such bucket\n$/s);
  expect(await run(failing, { accept: [3] })).toMatchObject({ code: 3 });
  expect(await run(failing, { accept: "any" })).toMatchObject({ code: 3 });
});

test("keeps the environment out of error messages", async () => {
  const error: unknown = await run(node("process.exitCode = 1"), {
    env: { ...process.env, TOKEN: "canary" },
  }).catch((reason: unknown) => reason);
  expect(String(error)).not.toContain("canary");
});

test("terminates a program at the timeout", async () => {
  await expect(run(node("setInterval(() => {}, 1000)"), { timeout: 100 })).rejects.toThrow(
    /was terminated by SIGTERM/,
  );
});

test("names a program that is not installed", async () => {
  await expect(run(["cipherwatch-no-such-program"])).rejects.toThrow(
    "Could not start cipherwatch-no-such-program: spawn cipherwatch-no-such-program ENOENT. Is it installed?",
  );
  expect(await succeeds("cipherwatch-no-such-program")).toBe(false);
  expect(await succeeds(...node(""))).toBe(true);
});

/** Starts a parent that runs a program with forwarded signals, and waits until the program is ready. */
async function startParent(handlers: string) {
  const program = `${handlers}; setInterval(() => {}, 1000); console.log("ready");`;
  const module = new URL("run.ts", import.meta.url).href;
  const parent = spawn(process.execPath, [
    "--input-type=module",
    "--eval",
    `import { run } from ${JSON.stringify(module)};
     await run([process.execPath, "-e", ${JSON.stringify(program)}], { forwardSignals: true, stream: true });`,
  ]);
  let text = "";
  parent.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const exited = new Promise((resolve) => parent.once("exit", resolve));
  const output = () => text;
  await expect.poll(output, { timeout: 30_000 }).toContain("ready");
  return { parent, exited, output };
}

test.each(["SIGINT", "SIGTERM"] as const)(
  "forwards %s to the program and waits until it has cleaned up",
  async (signal) => {
    const { parent, exited, output } = await startParent(
      `process.on("${signal}", () => setTimeout(() => { console.log("state saved"); process.exit(1); }, 100))`,
    );
    parent.kill(signal);
    expect(await exited).toBe(1);
    expect(output()).toContain("state saved");
  },
);

test("does not forward a SIGTERM after a SIGINT, which would end Terraform without saving its state", async () => {
  const { parent, exited, output } = await startParent(
    `process.on("SIGTERM", () => console.log("forced"));
     let count = 0;
     process.on("SIGINT", () => { console.log("interrupt " + ++count); if (count === 2) process.exit(1); })`,
  );
  parent.kill("SIGINT");
  await expect.poll(output, { timeout: 30_000 }).toContain("interrupt 1");
  parent.kill("SIGTERM");
  parent.kill("SIGINT");
  expect(await exited).toBe(1);
  expect(output()).toContain("interrupt 2");
  expect(output()).not.toContain("forced");
});
