import type { AlarmState } from "./state.ts";

/** A composite alarm's rule, parsed. */
export type AlarmRule =
  | { readonly type: "constant"; readonly value: boolean }
  | { readonly type: "state"; readonly state: AlarmState; readonly alarm: string }
  | { readonly type: "not"; readonly rule: AlarmRule }
  | { readonly type: "and" | "or"; readonly rules: readonly AlarmRule[] };

/** What CloudWatch says of a rule, as PutCompositeAlarm's reference has it. */
const LONGEST_RULE = 10_240;
const MOST_CHILDREN = 100;

const STATES: readonly AlarmState[] = ["ALARM", "OK", "INSUFFICIENT_DATA"];

/** `ALARM("name")`, `NOT OK(name)`, `TRUE`; AND before OR, parentheses before both. */
const TOKEN = /\s*(?:([()])|"([^"]*)"|([^\s()"]+))/y;

interface Token {
  /** Where it stands in the rule, from 0. */
  readonly at: number;
  readonly text: string;
  readonly quoted: boolean;
}

/**
 * @throws Error naming the place, what stands there and what is allowed
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
 */
export function parseAlarmRule(text: string): AlarmRule {
  if (text.length > LONGEST_RULE) {
    throw new Error(`The rule has ${text.length} characters; it may have ${LONGEST_RULE}.`);
  }
  const tokens = tokensOf(text);
  let next = 0;

  function refuse(expected: string): Error {
    const token = tokens[next];
    const found = token === undefined ? "it ends" : `"${token.text}" stands`;
    return new Error(
      `At character ${(token?.at ?? text.length) + 1} ${found}; it takes ${expected}.`,
    );
  }

  function isNext(word: string): boolean {
    const token = tokens[next];
    return token !== undefined && !token.quoted && token.text === word;
  }

  function take(word: string): void {
    if (!isNext(word)) throw refuse(word);
    next += 1;
  }

  function chain(word: "AND" | "OR", part: () => AlarmRule): AlarmRule {
    const rules = [part()];
    while (isNext(word)) {
      next += 1;
      rules.push(part());
    }
    const [only] = rules;
    return rules.length === 1 && only !== undefined
      ? only
      : { type: word === "AND" ? "and" : "or", rules };
  }

  const either = (): AlarmRule => chain("OR", () => chain("AND", term));

  function term(): AlarmRule {
    if (isNext("NOT")) {
      next += 1;
      return { type: "not", rule: term() };
    }
    if (isNext("(")) {
      next += 1;
      const rule = either();
      take(")");
      return rule;
    }
    for (const value of [true, false]) {
      if (isNext(String(value).toUpperCase())) {
        next += 1;
        return { type: "constant", value };
      }
    }
    const state = STATES.find(isNext);
    if (state === undefined) throw refuse(`${STATES.join("(…), ")}(…), TRUE, FALSE, NOT or (`);
    next += 1;
    take("(");
    const name = tokens[next];
    if (name === undefined || (!name.quoted && /^[()]$/.test(name.text))) {
      throw refuse("an alarm's name");
    }
    next += 1;
    take(")");
    return { type: "state", state, alarm: nameOf(name.text) };
  }

  const rule = either();
  if (next < tokens.length) throw refuse("AND, OR or the rule's end");
  const children = childAlarmNames(rule);
  if (children.length > MOST_CHILDREN) {
    throw new Error(`The rule names ${children.length} alarms; it may name ${MOST_CHILDREN}.`);
  }
  return rule;
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const begin = TOKEN.lastIndex;
    const found = TOKEN.exec(text);
    if (found === null) throw new Error(`At character ${begin + 1} a name is not closed by ".`);
    const [all, bracket, quoted, word] = found;
    tokens.push({
      at: begin + all.length - all.trimStart().length,
      text: bracket ?? quoted ?? word ?? "",
      quoted: quoted !== undefined,
    });
  }
  return tokens;
}

/** A rule names an alarm by its name or its ARN. */
function nameOf(text: string): string {
  return /^arn:[^:]+:cloudwatch:[^:]*:\d{12}:alarm:(.+)$/.exec(text)?.[1] ?? text;
}

/** The names of the alarms that a rule looks at, each once. */
export function childAlarmNames(rule: AlarmRule): readonly string[] {
  switch (rule.type) {
    case "constant":
      return [];
    case "state":
      return [rule.alarm];
    case "not":
      return childAlarmNames(rule.rule);
    default:
      return [...new Set(rule.rules.flatMap(childAlarmNames))];
  }
}

/** Whether a composite alarm with this rule is in ALARM, its children being as they are. */
export function evaluateAlarmRule(
  rule: AlarmRule,
  stateOf: (alarm: string) => AlarmState | undefined,
): boolean {
  switch (rule.type) {
    case "constant":
      return rule.value;
    case "state":
      return stateOf(rule.alarm) === rule.state;
    case "not":
      return !evaluateAlarmRule(rule.rule, stateOf);
    case "and":
      return rule.rules.every((part) => evaluateAlarmRule(part, stateOf));
    case "or":
      return rule.rules.some((part) => evaluateAlarmRule(part, stateOf));
  }
}
