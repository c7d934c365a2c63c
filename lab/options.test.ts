import { expect, it } from "vitest";
import { readOptions } from "./options.ts";

it("has the documented defaults", () => {
  expect(readOptions([])).toEqual({
    port: 8080,
    awsPort: 4566,
    consolePort: 8090,
    speed: 60,
    trailDelaySeconds: 300,
    identity: false,
    fresh: false,
    data: ".lab",
    help: false,
  });
});

it("reads each option", () => {
  const args =
    "--port 0 --aws-port 1 --console-port 2 --speed 1.5 --trail-delay 0 --identity --fresh --data d --replica-of e";
  expect(readOptions(args.split(" "))).toMatchObject({
    port: 0,
    awsPort: 1,
    consolePort: 2,
    speed: 1.5,
    trailDelaySeconds: 0,
    identity: true,
    fresh: true,
    data: "d",
    replicaOf: "e",
  });
});

it.each([
  [["--port", "eighty"], /--port must be an integer between 0 and 65535, not "eighty"/],
  [["--port", "70000"], /--port must be an integer between 0 and 65535, not "70000"/],
  [["--aws-port", "1.5"], /--aws-port must be an integer .*, not "1\.5"/],
  [["--console-port", ""], /--console-port must be an integer .*, not ""/],
  [["--speed", "0"], /--speed must be a number between 1 and 600, not "0"/],
  [["--trail-delay=-1"], /--trail-delay must be a number between 0 and 3600, not "-1"/],
  [["--data", ""], /--data must be .*for example --data \.lab/],
  [["--port", "8090"], /--port and --console-port are both 8090/],
  [["--aws-port", "5000", "--console-port", "5000"], /--aws-port and --console-port are both 5000/],
  [["--sped", "2"], /Unknown option "--sped"\. Did you mean --speed\?\nUsage: npm start -- /],
  [["extra"], /extra[\s\S]*npm start/],
])("rejects %j and names what is allowed", (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
