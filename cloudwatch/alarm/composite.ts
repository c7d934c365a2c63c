import type { AlarmState } from "./alarm.ts";

/** A parsed alarm rule of a composite alarm. */
export type AlarmRule =
  | { readonly type: "constant"; readonly value: boolean }
  | { readonly type: "state"; readonly state: AlarmState; readonly alarm: string }
  | { readonly type: "not"; readonly rule: AlarmRule }
  | { readonly type: "and" | "or"; readonly rules: readonly AlarmRule[] };

/** Limits from the PutCompositeAlarm API reference. */
const MAX_RULE_LENGTH = 10_240;
const MAX_CHILD_ALARMS = 100;

const STATES: readonly AlarmState[] = ["ALARM", "OK", "INSUFFICIENT_DATA"];

/** Matches a parenthesis, a quoted name, or a word (keyword or unquoted name). */
const TOKEN = /\s*(?:([()])|"([^"]*)"|([^\s()"]+))/y;

interface Token {
  /** Zero-based offset in the rule. */
  readonly offset: number;
  readonly text: string;
  readonly quoted: boolean;
}

/**
 * Parses an alarm rule: `ALARM("name")`, `NOT OK(name)`, `TRUE`, joined by AND and OR. AND binds tighter than
 * OR, and parentheses override both. Does not support `AT_LEAST`.
 * @throws Error giving the position, the text found there and what is allowed
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
 */
export function parseAlarmRule(text: string): AlarmRule {
  if (text.length > MAX_RULE_LENGTH) {
    throw new Error(
      `The alarm rule has ${text.length} characters; the maximum is ${MAX_RULE_LENGTH}.`,
    );
  }
  const tokens = tokenize(text);
  let next = 0;

  function syntaxError(expected: string): Error {
    const token = tokens[next];
    const found = token === undefined ? "the end of the rule" : `"${token.text}"`;
    return new Error(
      `At character ${(token?.offset ?? text.length) + 1}, found ${found}; expected ${expected}.`,
    );
  }

  /** Consumes the next token if it is this keyword or parenthesis. */
  function accept(word: string): boolean {
    const token = tokens[next];
    if (token === undefined || token.quoted || token.text !== word) return false;
    next += 1;
    return true;
  }

  function expect(word: string): void {
    if (!accept(word)) throw syntaxError(word);
  }

  function parseChain(word: "AND" | "OR", parseOperand: () => AlarmRule): AlarmRule {
    const first = parseOperand();
    const rules = [first];
    while (accept(word)) rules.push(parseOperand());
    return rules.length === 1 ? first : { type: word === "AND" ? "and" : "or", rules };
  }

  const parseRule = (): AlarmRule => parseChain("OR", () => parseChain("AND", parseTerm));

  function parseTerm(): AlarmRule {
    if (accept("NOT")) return { type: "not", rule: parseTerm() };
    if (accept("TRUE")) return { type: "constant", value: true };
    if (accept("FALSE")) return { type: "constant", value: false };
    if (accept("(")) {
      const rule = parseRule();
      expect(")");
      return rule;
    }
    const state = STATES.find(accept);
    if (state === undefined) throw syntaxError(`${STATES.join("(…), ")}(…), TRUE, FALSE, NOT or (`);
    expect("(");
    const name = tokens[next];
    if (name === undefined || (!name.quoted && /^[()]$/.test(name.text))) {
      throw syntaxError("an alarm name");
    }
    next += 1;
    expect(")");
    return { type: "state", state, alarm: alarmName(name.text) };
  }

  const rule = parseRule();
  if (next < tokens.length) throw syntaxError("AND, OR or the end of the rule");
  const children = childAlarmNames(rule);
  if (children.length > MAX_CHILD_ALARMS) {
    throw new Error(
      `The alarm rule names ${children.length} alarms; the maximum is ${MAX_CHILD_ALARMS}.`,
    );
  }
  return rule;
}

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const begin = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) {
      throw new Error(`At character ${begin + 1}, the quoted name has no closing ".`);
    }
    const [all, parenthesis, quoted, word] = match;
    tokens.push({
      offset: begin + all.length - all.trimStart().length,
      text: parenthesis ?? quoted ?? word ?? "",
      quoted: quoted !== undefined,
    });
  }
  return tokens;
}

/** Returns the alarm name of an operand, which is either that name or an ARN. */
function alarmName(text: string): string {
  return /^arn:[^:]+:cloudwatch:[^:]*:\d{12}:alarm:(.+)$/.exec(text)?.[1] ?? text;
}

/** Returns the names of the alarms that a rule refers to, without duplicates. */
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

/** Returns whether a composite alarm with this rule is in ALARM, given the states of its child alarms. */
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
