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
        `The digest of the image is ${digest}, expected ${expected}, which this run built and scanned. The image is not used.`,
      );
    }
    console.log(digest);
    setOutputs({ digest });
  });
}
