import type { Hint, Kind, Wrong } from "./setting.ts";

const ONE_OF_THESE = "set it to one of these, or unset it for the default";

export function text(form: RegExp, { wrong, ...hint }: Hint & { readonly wrong: string }) {
  return checkedText((value) => (form.test(value) ? undefined : wrong), hint);
}

export function checkedText(wrongWith: (text: string) => Wrong, hint: Hint): Kind<string> {
  return { wrongWith, read: (value) => value, ...hint };
}

export function oneOf<const Choice extends string>(
  choices: readonly Choice[],
  wrong: string,
  next = ONE_OF_THESE,
): Kind<Choice> {
  return {
    wrongWith: (value) => (choices.some((choice) => choice === value) ? undefined : wrong),
    read: (value) => value as Choice,
    allowed: choices.join(", "),
    next,
  };
}

const TRUE: readonly string[] = ["true", "1", "yes", "on", "y", "enabled"];
const FALSE: readonly string[] = ["false", "0", "no", "off", "n", "disabled"];

export const flag: Kind<boolean> = {
  wrongWith: (value) =>
    [...TRUE, ...FALSE].includes(value.toLowerCase())
      ? undefined
      : "this is neither true nor false",
  read: (value) => TRUE.includes(value.toLowerCase()),
  allowed: "true, false",
  next: ONE_OF_THESE,
};

export function whole(min: number, max: number): Kind<number> {
  return {
    wrongWith: (value) => (isWhole(value, min, max) ? undefined : "this is not such a number"),
    read: Number,
    allowed: `a whole number, ${min} to ${max}`,
    next: ONE_OF_THESE,
  };
}

export function days(min: number, max: number, allowed = `${min} to ${max} days`): Kind<number> {
  return {
    wrongWith: (value) =>
      isWhole(value, min, max) ? undefined : "this is not such a number of days",
    read: Number,
    allowed,
    next: "set it to a whole number in this range, or unset it for the default",
  };
}

function isWhole(value: string, min: number, max: number): boolean {
  const number = Number(value);
  return Number.isInteger(number) && number >= min && number <= max;
}

export function oneOfNumbers(
  choices: readonly number[],
  wrong: string,
  { allowed = choices.join(", "), next = ONE_OF_THESE }: Partial<Hint> = {},
): Kind<number> {
  return {
    wrongWith: (value) => {
      if (!Number.isFinite(Number(value))) return "this is no number";
      return choices.includes(Number(value)) ? undefined : wrong;
    },
    read: Number,
    allowed,
    next,
  };
}
