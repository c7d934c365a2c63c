import { describe, expect, test } from "vitest";
import { childAlarmNames, evaluateAlarmRule, parseAlarmRule } from "./composite.ts";
import type { AlarmState } from "./state.ts";

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

test("its children are named once each, by name", () => {
  const rule =
    'ALARM("b c") AND (NOT OK(a) OR ALARM("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a")) OR FALSE';
  expect(childAlarmNames(parseAlarmRule(rule))).toEqual(["b c", "a"]);
});

describe("what is no rule says where and what it takes", () => {
  test.each([
    ["", /At character 1 it ends; it takes ALARM\(…\), OK\(…\)/],
    ["alarm(on)", /At character 1 "alarm" stands/],
    ["ALARM on", /At character 7 "on" stands; it takes \(\./],
    ["ALARM()", /At character 7 "\)" stands; it takes an alarm's name/],
    ["ALARM(on", /At character 9 it ends; it takes \)/],
    ["ALARM(on) ALARM(off)", /At character 11 "ALARM" stands; it takes AND, OR/],
    ["ALARM(on) AND", /At character 14 it ends/],
    ["(ALARM(on)", /it takes \)/],
    ['ALARM("on)', /At character 7 a name is not closed/],
    ["AT_LEAST(2, ALARM, (a, b, c))", /"AT_LEAST" stands/],
  ])("%s", (rule, message) => {
    expect(() => parseAlarmRule(rule)).toThrow(message);
  });

  test("a rule that CloudWatch would find too long or too wide", () => {
    expect(() => parseAlarmRule(`ALARM(${"a".repeat(10_240)})`)).toThrow(/it may have 10240/);
    const many = Array.from({ length: 101 }, (_, at) => `ALARM(a${at})`).join(" OR ");
    expect(() => parseAlarmRule(many)).toThrow(/names 101 alarms; it may name 100/);
  });
});
