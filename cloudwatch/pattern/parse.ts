import type { FilterPattern } from "./ast.ts";
import { FilterPatternError } from "./error.ts";
import { parseJsonPattern } from "./json-pattern.ts";
import { MAX_PATTERN_LENGTH } from "./limits.ts";
import { hasWildcard } from "./selector.ts";
import { parseSpacePattern } from "./space-pattern.ts";
import { parseRegexPattern, parseTextPattern } from "./text-pattern.ts";
import { patternSelectors, patternValues } from "./traversal.ts";

const MAX_REGEXES = 2;
const MAX_WILDCARD_SELECTORS = 3;

/**
 * Parses a filter pattern, ignoring surrounding white space: the usual clients trim patterns before they call
 * AWS.
 * @throws FilterPatternError with the code and message that AWS returns
 */
export function parsePattern(text: string): FilterPattern {
  if (text.length > MAX_PATTERN_LENGTH) {
    throw new FilterPatternError(
      `1 validation error detected: Value '${text}' at 'filterPattern' failed to satisfy constraint: Member must have length less than or equal to ${MAX_PATTERN_LENGTH}`,
      `The pattern has ${text.length} characters.`,
    );
  }
  const pattern = parseByFirstCharacter(text.trim());
  validateLimits(pattern);
  return { ...pattern, source: text };
}

function parseByFirstCharacter(source: string): FilterPattern {
  switch (source[0]) {
    case undefined:
      return { kind: "all", source };
    case "{":
      validateDelimiter(source, "{", "}");
      return parseJsonPattern(source);
    case "[":
      validateDelimiter(source, "[", "]");
      return parseSpacePattern(source);
    case "%":
      validateDelimiter(source, "%", "%");
      return parseRegexPattern(source);
    default:
      return parseTextPattern(source);
  }
}

/** Validates the closing delimiter, which AWS checks before the content. */
function validateDelimiter(source: string, open: string, close: string): void {
  if (source.endsWith(close)) return;
  throw new FilterPatternError(
    `If a filter pattern starts with '${open}' it must end with '${close}'`,
    `The pattern ends with '${source.slice(-1)}'.`,
    { start: source.length, end: source.length + 1 },
  );
}

function validateLimits(pattern: FilterPattern): void {
  const regexes = [...patternValues(pattern)].filter(({ type }) => type === "regex").length;
  if (regexes > MAX_REGEXES) {
    throw new FilterPatternError(
      `Your input has exceeded the maximum of ${MAX_REGEXES} regular expressions per filter pattern.`,
      `The pattern has ${regexes}.`,
    );
  }
  const wildcards = [...patternSelectors(pattern)].filter(hasWildcard).length;
  if (wildcards > MAX_WILDCARD_SELECTORS) {
    throw new FilterPatternError(
      `Your filter pattern has exceeded the maximum of ${MAX_WILDCARD_SELECTORS} wildcard selectors allowed per filter pattern.`,
      `The pattern has ${wildcards}.`,
    );
  }
}
