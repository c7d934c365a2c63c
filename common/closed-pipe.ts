/**
 * Lets the program finish after the reader of its output has ended, as `| head` does. Without it, Node ends the program
 * at the next write, with a stack trace and exit code 1, which has another meaning for most commands.
 */
export function continueAfterClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}
