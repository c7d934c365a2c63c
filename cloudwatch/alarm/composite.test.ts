import { describe, expect, test } from "vitest";
import type { AlarmState } from "./alarm.ts";
import { childAlarmNames, evaluateAlarmRule, parseAlarmRule } from "./composite.ts";

const STATES: Readonly<Record<string, AlarmState>> = {
  on: "ALARM",
  "also on": "ALARM",
  off: "OK",
  new: "INSUFFICIENT_DATA",
};

const evaluate = (rule: string) =>
  evaluateAlarmRule(parseAlarmRule(rule), (alarm) => STATES[alarm]);

test.each([
  ['ALARM("on")', true],
  ["ALARM(on)", true],
  ['ALARM("off")', false],
  ['OK("off")', true],
  ["INSUFFICIENT_DATA(new)", true],
  ['ALARM("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:also on")', true],
  ["TRUE", true],
  ["FALSE", false],
  ["NOT ALARM(off)", true],
  ["NOT NOT ALARM(on)", true],
  ["ALARM(on) AND ALARM(off)", false],
  ["ALARM(on) OR ALARM(off)", true],
  ["ALARM(on) OR ALARM(off) AND ALARM(new)", true],
  ["(ALARM(on) OR ALARM(off)) AND ALARM(new)", false],
  ["NOT ALARM(off) AND ALARM(off)", false],
  ["NOT (ALARM(off) AND ALARM(off))", true],
  ['  (ALARM ( "also on" )\n AND NOT OK(on) )  ', true],
  ["ALARM(gone)", false],
  ["NOT ALARM(gone)", true],
  ["ALARM(OR) OR ALARM(AND)", false],
])("%s is %s", (rule, expected) => {
  expect(evaluate(rule)).toBe(expected);
});

test("lists each child alarm once, by name", () => {
  const rule =
    'ALARM("b c") AND (NOT OK(a) OR ALARM("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a")) OR FALSE';
  expect(childAlarmNames(parseAlarmRule(rule))).toEqual(["b c", "a"]);
});

describe("rejects an invalid rule, naming the position and what is allowed", () => {
  test.each([
    ["", /At character 1, found the end of the rule; expected ALARM\(…\), OK\(…\)/],
    ["alarm(on)", /At character 1, found "alarm"/],
    ["ALARM on", /At character 7, found "on"; expected \(\./],
    ["ALARM()", /At character 7, found "\)"; expected an alarm name/],
    ["ALARM(on", /At character 9, found the end of the rule; expected \)/],
    ["ALARM(on) ALARM(off)", /At character 11, found "ALARM"; expected AND, OR/],
    ["ALARM(on) AND", /At character 14, found the end of the rule/],
    ["(ALARM(on)", /expected \)/],
    ['ALARM("on)', /At character 7, the quoted name has no closing "/],
    ["AT_LEAST(2, ALARM, (a, b, c))", /found "AT_LEAST"/],
  ])("%s", (rule, message) => {
    expect(() => parseAlarmRule(rule)).toThrow(message);
  });

  test("rejects a rule that is too long or refers to too many alarms", () => {
    expect(() => parseAlarmRule(`ALARM(${"a".repeat(10_240)})`)).toThrow(/the maximum is 10240/);
    const many = Array.from({ length: 101 }, (_, at) => `ALARM(a${at})`).join(" OR ");
    expect(() => parseAlarmRule(many)).toThrow(/names 101 alarms; the maximum is 100/);
  });
});
