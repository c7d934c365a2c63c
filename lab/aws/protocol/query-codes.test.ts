import { describe, expect, it } from "vitest";
import { failWith, startTestEndpoint } from "../testing/endpoint.ts";

describe("CloudWatch errors", () => {
  it("have their shape in JSON, and their Query code in a header and in Query responses", async () => {
    const lab = await startTestEndpoint({
      cloudwatch: { SetAlarmState: failWith("MissingRequiredParameterException", "m") },
    });
    const json = await lab.json("GraniteServiceVersion20100801.SetAlarmState", {});
    expect(JSON.parse(json.text)).toMatchObject({ __type: "MissingRequiredParameterException" });
    expect(json.headers["x-amzn-query-error"]).toBe("MissingParameter;Sender");
    const query = await lab.query("monitoring", "Action=SetAlarmState");
    expect(query.text).toContain("<Code>MissingParameter</Code>");
    expect(query.text).toContain('xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"');
  });
});
