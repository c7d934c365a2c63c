import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { type AdjustableClock, adjustableClock } from "./clock.ts";

/** The largest difference between lab time and the saved time, in lab milliseconds. */
const MAX_UNSAVED = 60_000;

/** Milliseconds since the epoch have 13 digits from 2001 to 2286. */
const DIGITS = 13;

/**
 * Creates an adjustable clock that never goes backwards across restarts, even after `kill -9`. It starts at real time,
 * or at the latest time at which the previous lab may have stopped if that is later, as after a run at high speed.
 * @param file stores the lab time as 13 digits
 * @param speed lab seconds per real second, above 0
 */
export function persistentClock(
  file: string,
  speed: number,
): AdjustableClock & { readonly close: () => void } {
  const descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  const clock = adjustableClock(speed, startTime(descriptor));
  const save = () => void writeSync(descriptor, String(clock.now()).padStart(DIGITS, "0"), 0);
  let cancel = () => {};
  const saveRepeatedly = () => {
    save();
    cancel = clock.after(MAX_UNSAVED / 2, saveRepeatedly);
  };
  saveRepeatedly();
  return {
    ...clock,
    close: () => {
      cancel();
      save();
      closeSync(descriptor);
    },
  };
}

function startTime(descriptor: number): number {
  const bytes = Buffer.alloc(DIGITS);
  const length = readSync(descriptor, bytes, 0, DIGITS, 0);
  const saved = length === DIGITS ? Number(bytes.toString()) : Number.NaN;
  return Number.isSafeInteger(saved) ? Math.max(Date.now(), saved + MAX_UNSAVED) : Date.now();
}
