import { expect, it } from "vitest";
import { readOptions } from "./options.ts";

it("has the documented defaults", () => {
  expect(readOptions([])).toEqual({
    port: 8080,
    awsPort: 4566,
    consolePort: 8090,
    speed: 60,
    trailDelaySeconds: 300,
    fresh: false,
    data: ".lab",
    help: false,
  });
});

it("takes each option", () => {
  const args =
    "--port 0 --aws-port 1 --console-port 2 --speed 1.5 --trail-delay 0 --fresh --data d";
  expect(readOptions(args.split(" "))).toMatchObject({
    port: 0,
    awsPort: 1,
    consolePort: 2,
    speed: 1.5,
    trailDelaySeconds: 0,
    fresh: true,
    data: "d",
  });
});

it.each([
  [["--port", "eighty"], /--port is "eighty".*whole number from 0 to 65535/],
  [["--port", "70000"], /--port is "70000"/],
  [["--aws-port", "1.5"], /--aws-port is "1.5"/],
  [["--console-port", ""], /--console-port is ""/],
  [["--speed", "0"], /--speed is "0".*from 1 to 600/],
  [["--trail-delay", "-1"], /--trail-delay/],
  [["--data", ""], /--data is "".*as in --data \.lab/],
  [["--port", "8090"], /--port and --console-port are both 8090/],
  [["--aws-port", "5000", "--console-port", "5000"], /--aws-port and --console-port are both 5000/],
  [["--sped", "2"], /--sped[\s\S]*--speed X/],
  [["extra"], /extra[\s\S]*npm start/],
])("refuses %j with what is allowed", (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
