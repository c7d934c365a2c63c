import type { FilterPattern } from "./ast.ts";
import { FilterPatternError } from "./error.ts";
import { parseJsonPattern } from "./json-pattern.ts";
import { hasWildcard } from "./selector.ts";
import { parseSpacePattern } from "./space-pattern.ts";
import { parseRegexPattern, parseTextPattern } from "./text-pattern.ts";
import { patternSelectors, patternValues } from "./traversal.ts";

const LONGEST_PATTERN = 1024;
const MOST_REGEXES = 2;
const MOST_WILDCARD_SELECTORS = 3;

/**
 * Parses a filter pattern. White space around it does not count, as Terraform's provider removes it
 * before AWS sees the pattern.
 * @throws FilterPatternError with AWS's code and message
 */
export function parsePattern(text: string): FilterPattern {
  if (text.length > LONGEST_PATTERN) {
    throw new FilterPatternError(
      `1 validation error detected: Value '${text}' at 'filterPattern' failed to satisfy constraint: Member must have length less than or equal to ${LONGEST_PATTERN}`,
      `The pattern has ${text.length} characters.`,
    );
  }
  const pattern = parseByFirstCharacter(text.trim());
  checkLimits(pattern);
  return { ...pattern, source: text };
}

function parseByFirstCharacter(source: string): FilterPattern {
  switch (source[0]) {
    case undefined:
      return { kind: "all", source };
    case "{":
      checkClosed(source, "{", "}");
      return parseJsonPattern(source);
    case "[":
      checkClosed(source, "[", "]");
      return parseSpacePattern(source);
    case "%":
      checkClosed(source, "%", "%");
      return parseRegexPattern(source);
    default:
      return parseTextPattern(source);
  }
}

/** AWS checks this before anything inside. */
function checkClosed(source: string, open: string, close: string): void {
  if (source.endsWith(close)) return;
  throw new FilterPatternError(
    `If a filter pattern starts with '${open}' it must end with '${close}'`,
    `The pattern ends with '${source.slice(-1)}'.`,
  );
}

function checkLimits(pattern: FilterPattern): void {
  const regexes = [...patternValues(pattern)].filter(({ type }) => type === "regex").length;
  if (regexes > MOST_REGEXES) {
    throw new FilterPatternError(
      `Your input has exceeded the maximum of ${MOST_REGEXES} regular expressions per filter pattern.`,
      `The pattern has ${regexes}.`,
    );
  }
  const wildcards = [...patternSelectors(pattern)].filter(hasWildcard).length;
  if (wildcards > MOST_WILDCARD_SELECTORS) {
    throw new FilterPatternError(
      `Your filter pattern has exceeded the maximum of ${MOST_WILDCARD_SELECTORS} wildcard selectors allowed per filter pattern.`,
      `The pattern has ${wildcards}.`,
    );
  }
}
