import { optionalVariable, variable } from "./github/environment.ts";
import { setOutputs } from "./github/runner-files.ts";
import { StepError, step } from "./github/step.ts";
import { archiveDigest } from "./image/oci-archive.ts";

if (import.meta.main) {
  await step(() => {
    const digest = archiveDigest(variable("ARCHIVE"));
    const expected = optionalVariable("EXPECTED_DIGEST");
    if (expected !== undefined && digest !== expected) {
      throw new StepError(
        `The image is ${digest}, not ${expected}, which was built and scanned in this run. Nothing of it is used.`,
      );
    }
    console.log(digest);
    setOutputs({ digest });
  });
}
