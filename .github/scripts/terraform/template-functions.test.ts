import { describe, expect, test } from "vitest";
import { calledFunctions } from "./template-functions.ts";

const called = (text: string) => {
  const functions = calledFunctions(text);
  return functions === undefined ? undefined : [...functions];
};

describe("calledFunctions", () => {
  test.each([
    ["no template: file(1)", []],
    ["${aws_kms_key.Key.arn} (file)", []],
    ["$${file(1)}", []],
    ["%%{file(1)}", []],
    ['${file("/etc/passwd")}', ["file"]],
    ['${ file ("/etc/passwd") }', ["file"]],
    ['$$${file("x")}', []],
    ['$$$${file("x")}', []],
    ['%%%{ if file("x") == "" }', []],
    ['$%{ if file("x") == "" }a%{ endif }', ["file"]],
    // Read as code, the text before the call would make the call look like quoted text.
    ['$$${ "\\${file("/proc/self/environ")}"}', ["file"]],
    ['%{ if file("x") == "" }a%{ endif }', ["file"]],
    ["%{ for x in (tolist([1])) }a%{ endfor }", ["tolist"]],
    ['${upper("${file("x")}")}', ["upper", "file"]],
    ['${upper("\\"${file("x")}")}', ["upper", "file"]],
    ['${{ a = file("x") }["a"]}', ["file"]],
    ["${provider::aws::arn_parse(a)}", ["provider::aws::arn_parse"]],
    ['${length("file(1)")}', ["length"]],
  ])("reads %s", (text, expected) => {
    expect(called(text)).toEqual(expected);
  });

  test.each([
    '${file/**/("x")}',
    '${file # a\n("x")}',
    "${file(<<E\nx\nE\n)}",
    "${open",
    '${"open}',
  ])("does not guess in %s", (text) => {
    expect(called(text)).toBeUndefined();
  });
});
