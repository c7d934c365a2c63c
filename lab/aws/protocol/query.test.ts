import { describe, expect, it } from "vitest";
import { ACCOUNT } from "../testing/account.ts";
import { failWith, spy, startTestEndpoint, TIME } from "../testing/endpoint.ts";

describe("AWS Query", () => {
  it("reads dotted names as lists and maps, and encodes the response as XML", async () => {
    const { operation, inputs } = spy({
      MessageId: 'a<b&"c"\r\u0000',
      Time: TIME,
      List: ["x", { Key: "k" }],
      Empty: [],
      No: undefined,
    });
    const lab = await startTestEndpoint({ sns: { Publish: operation } });
    const response = await lab.query(
      "sns",
      "Action=Publish&Version=2010-03-31&Message=hi+%26+bye&List.member.2=b&List.member.10=c&List.member.1=a" +
        "&MessageAttributes.entry.1.Name=one&MessageAttributes.entry.1.Value.StringValue=1" +
        "&Attributes.entry.1.key=k&Attributes.entry.1.value=v" +
        "&Deep.member.1.Name=n&Deep.member.1.Values.member.1=x&__proto__=p",
    );
    expect(inputs).toEqual([
      Object.fromEntries([
        ["Message", "hi & bye"],
        ["List", ["a", "b", "c"]],
        ["MessageAttributes", { one: { StringValue: "1" } }],
        ["Attributes", { k: "v" }],
        ["Deep", [{ Name: "n", Values: ["x"] }]],
        ["__proto__", "p"],
      ]),
    ]);
    expect(response.headers["content-type"]).toBe("text/xml");
    expect(response.text).toBe(
      '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>' +
        "<MessageId>a&lt;b&amp;&quot;c&quot;&#xD;\ufffd</MessageId><Time>2026-11-20T01:02:03.500Z</Time>" +
        "<List><member>x</member><member><Key>k</Key></member></List><Empty></Empty></PublishResult>" +
        `<ResponseMetadata><RequestId>${response.headers["x-amzn-requestid"]}</RequestId></ResponseMetadata></PublishResponse>`,
    );
  });

  it("uses the XML namespace of STS", async () => {
    const lab = await startTestEndpoint();
    const { text } = await lab.query("sts", "Action=GetCallerIdentity&Version=2011-06-15");
    expect(text).toContain('xmlns="https://sts.amazonaws.com/doc/2011-06-15/"');
    expect(text).toContain(`<Account>${ACCOUNT.accountId}</Account>`);
    expect(text).toContain(`<Arn>arn:aws:iam::${ACCOUNT.accountId}:user/alice</Arn>`);
  });

  it("writes a map as entries with a key and a value", async () => {
    const attributes = new Map([
      ["Client", "a<b"],
      ["Team", "c"],
    ]);
    const lab = await startTestEndpoint({ sns: { Publish: () => ({ Attributes: attributes }) } });
    const { text } = await lab.query("sns", "Action=Publish");
    expect(text).toContain(
      "<Attributes><entry><key>Client</key><value>a&lt;b</value></entry><entry><key>Team</key><value>c</value></entry></Attributes>",
    );
  });

  it("returns errors as XML", async () => {
    const lab = await startTestEndpoint({
      sns: { Publish: failWith("NotFound", "Topic <x>", 404) },
    });
    const response = await lab.query("sns", "Action=Publish");
    expect(response.status).toBe(404);
    expect(response.text).toBe(
      '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>' +
        "<Code>NotFound</Code><Message>Topic &lt;x&gt;</Message></Error>" +
        `<RequestId>${response.headers["x-amzn-requestid"]}</RequestId></ErrorResponse>`,
    );
  });

  it.each([
    "A=1&A.member.1=2",
    "A.member.1=2&A=1",
    "A.member.x=1",
    "A.entry.1=1",
    `${"a.".repeat(40)}b=1`,
    `${"a.".repeat(100_000)}b=1`,
  ])("rejects malformed parameter names (%#)", async (parameters) => {
    const { operation, inputs } = spy();
    const lab = await startTestEndpoint({ sns: { Publish: operation } });
    const response = await lab.query("sns", `Action=Publish&${parameters}`);
    expect(response.status).toBe(400);
    expect(response.text).toContain("<Code>MalformedInput</Code>");
    expect(inputs).toEqual([]);
  });
});
