/** A number of any precision: `sign · 0.digits · 10^exponent`, where the digits are trimmed of zeros. */
export interface Decimal {
  readonly sign: -1 | 0 | 1;
  readonly digits: string;
  readonly exponent: number;
}

const NUMBER = /^([+-])?(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+))?$/;

/** Parses `1`, `-1.50`, `.5` or `1e3`, of any length. Returns `undefined` for any other text. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = NUMBER.exec(text);
  if (match === null) return undefined;
  const [, sign, integer = "", fraction = "", bareFraction = "", exponent = "0"] = match;
  const written = integer + fraction + bareFraction;
  let first = 0;
  while (written[first] === "0") first++;
  let last = written.length;
  while (last > first && written[last - 1] === "0") last--;
  if (first === last) return { sign: 0, digits: "", exponent: 0 };
  return {
    sign: sign === "-" ? -1 : 1,
    digits: written.slice(first, last),
    exponent: Number(exponent) + integer.length - first,
  };
}

/** Returns a negative number, 0 or a positive number if `a` is less than, equal to or greater than `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.sign !== b.sign) return a.sign - b.sign;
  if (a.exponent !== b.exponent) return a.exponent < b.exponent ? -a.sign : a.sign;
  if (a.digits === b.digits) return 0;
  return a.digits < b.digits ? -a.sign : a.sign;
}
