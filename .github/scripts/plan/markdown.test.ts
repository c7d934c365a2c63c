import { expect, test } from "vitest";
import { alert, code, fence, html, listOf } from "./markdown.ts";

test("uses a fence longer than any in the text", () => {
  expect(fence("plain")).toBe("```\nplain\n```");
  expect(fence("```\nrm -rf\n```", "diff")).toBe("````diff\n```\nrm -rf\n```\n````");
  expect(fence("a ````` b")).toMatch(/^`{6}\n/);
});

test("keeps backticks and joins lines in inline code", () => {
  expect(code("aws_s3_bucket.a")).toBe("`aws_s3_bucket.a`");
  expect(code('a["`x`"]')).toBe('``a["`x`"]``');
  expect(code("`x`")).toBe("`` `x` ``");
  expect(code("a\nb")).toBe("`a b`");
});

test("prefixes every line of an alert", () => {
  expect(alert("CAUTION", ["one\ntwo", "", "three"])).toBe(
    "> [!CAUTION]\n> one\n> two\n>\n> three",
  );
});

test("joins names with commas and an and", () => {
  expect(listOf(["a"])).toBe("`a`");
  expect(listOf(["a", "b", "c"])).toBe("`a`, `b` and `c`");
});

test("escapes HTML", () => {
  expect(html("</summary><b>&")).toBe("&lt;/summary&gt;&lt;b&gt;&amp;");
});
