import { type Hint, type Kind, setting, type Wrong } from "./setting.ts";

const ONE_OF_THESE = "set it to one of these, or unset it for the default";

/** A kind of which only one thing can be wrong. */
type Told = Hint & { readonly wrong: string };

export function text(form: RegExp, { wrong, ...hint }: Told) {
  return checkedText((value) => !form.test(value) && wrong, hint);
}

export function checkedText(
  wrongWith: (text: string) => Wrong,
  hint: Omit<Kind<string>, "wrongWith" | "read">,
) {
  return setting({ wrongWith, read: (value) => value, ...hint });
}

export function oneOf<const Choice extends string>(
  choices: readonly Choice[],
  wrong: string,
  next = ONE_OF_THESE,
) {
  return setting({
    wrongWith: (value) => !choices.some((choice) => choice === value) && wrong,
    read: (value) => value as Choice,
    allowed: choices.join(", "),
    next,
  });
}

const TRUE = ["true", "1", "yes", "on", "y", "enabled"];
const FALSE = ["false", "0", "no", "off", "n", "disabled"];

export const flag = setting({
  wrongWith: (value) =>
    ![...TRUE, ...FALSE].includes(value.toLowerCase()) && "this is neither true nor false",
  read: (value) => TRUE.includes(value.toLowerCase()),
  allowed: "true, false",
  next: ONE_OF_THESE,
});

export function whole(min: number, max: number) {
  return wholeNumber(min, max, {
    wrong: "this is not such a number",
    allowed: `a whole number, ${min} to ${max}`,
    next: ONE_OF_THESE,
  });
}

export function days(min: number, max: number, allowed = `${min} to ${max} days`) {
  return wholeNumber(min, max, {
    wrong: "this is not such a number of days",
    allowed,
    next: "set it to a whole number in this range, or unset it for the default",
  });
}

function wholeNumber(min: number, max: number, { wrong, ...hint }: Told) {
  const isTaken = (value: number) => Number.isInteger(value) && value >= min && value <= max;
  return setting({ wrongWith: (value) => !isTaken(Number(value)) && wrong, read: Number, ...hint });
}

export function oneOfNumbers(choices: readonly number[], { wrong, ...hint }: Told) {
  return setting({
    wrongWith: (value) =>
      Number.isFinite(Number(value))
        ? !choices.includes(Number(value)) && wrong
        : "this is no number",
    read: Number,
    ...hint,
  });
}
