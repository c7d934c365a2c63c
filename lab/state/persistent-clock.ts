import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { type Clock, scaledClock } from "./clock.ts";

/** How far the lab's time may run ahead of what the file remembers. */
const STEP = 60_000;

/**
 * A scaled clock that never goes back, not even over a `kill -9`: lab time begins at the machine's, or
 * where the last lab on this file may have been when that is later, as it is after a sped-up run.
 * @param file holds one lab time as 13 digits
 */
export function persistentClock(
  file: string,
  speed: number,
): Clock & { readonly close: () => void } {
  const descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  const bytes = Buffer.alloc(13);
  const remembered =
    readSync(descriptor, bytes, 0, 13, 0) === 13 ? Number(bytes.toString()) : Number.NaN;
  const start = Number.isSafeInteger(remembered)
    ? Math.max(Date.now(), remembered + STEP)
    : Date.now();
  const clock = scaledClock(speed, start);
  let cancel = () => {};
  const remember = () => {
    writeSync(descriptor, String(clock.now()).padStart(13, "0"), 0);
    cancel = clock.after(STEP / 2, remember);
  };
  remember();
  return {
    ...clock,
    close: () => {
      cancel();
      writeSync(descriptor, String(clock.now()).padStart(13, "0"), 0);
      closeSync(descriptor);
    },
  };
}
