/** The results of one test file. */
export interface TestFile {
  /** Absolute path. */
  readonly path: string;
  readonly passed: number;
  /** Each failed test with its first error. A file that fails outside its tests has one failure as well. */
  readonly failures: readonly { readonly test: string; readonly error: string }[];
}

/** The part of Vitest's JSON report that is read: https://vitest.dev/guide/reporters.html#json-reporter */
interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

export function readTestFiles(report: string): TestFile[] {
  return (JSON.parse(report) as VitestReport).testResults.map((file) => {
    const failures = file.assertionResults
      .filter(({ status }) => status === "failed")
      .map(({ fullName, failureMessages }) => ({
        test: fullName,
        error: failureMessages?.[0] ?? "no message",
      }));
    if (failures.length === 0 && file.status === "failed")
      failures.push({ test: "(outside the tests)", error: file.message });
    const passed = file.assertionResults.filter(({ status }) => status === "passed").length;
    return { path: file.name, passed, failures };
  });
}

/** Lines of an error that show what was expected, and where. */
const ERROR_LINES = 12;

/** Describes the failed tests, each with its file and the beginning of its error. */
export function describeFailures(files: readonly TestFile[], root: string): string {
  return files
    .flatMap(({ path, failures }) =>
      failures.map(({ test, error }) => {
        const lines = error
          .split("\n")
          .filter((line) => !line.includes("node_modules"))
          .slice(0, ERROR_LINES);
        return [`${path.replace(root, "")}: ${test}`, ...lines.map((line) => `    ${line}`)];
      }),
    )
    .flat()
    .join("\n");
}
