import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";

const PROGRAM = `
  import { continueAfterClosedPipe } from ${JSON.stringify(new URL("closed-pipe.ts", import.meta.url).href)};
  continueAfterClosedPipe();
  process.on("message", () => {
    for (const print of [console.log, console.error]) print("a line that nobody reads");
    setImmediate(() => process.exit(3));
  });
  process.send("ready");
`;

test.each([
  ["standard output", "stdout"],
  ["standard error", "stderr"],
] as const)("a program ends with its own exit code after the reader of its %s", async (_, name) => {
  const program = spawn(process.execPath, ["--input-type=module", "--eval", PROGRAM], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  await once(program, "message");
  program[name]?.destroy();
  await once(program[name] ?? program, "close");
  program.send("print");
  const [code] = await once(program, "exit");
  expect(code).toBe(3);
});
