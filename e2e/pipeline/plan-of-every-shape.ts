import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../common/run.ts";

/**
 * Plans, with Terraform's built-in provider, every kind of change that a plan can contain: creation, update,
 * replacement in either order, destruction, import, move, forgetting, a deposed object, a data source read
 * during the apply, outputs, check blocks, reordered lists, large numbers, and sensitive values in every position.
 * @param secret the sensitive value
 */
export async function planOfEveryShape(
  folder: string,
  secret: string,
): Promise<{ readonly json: string; readonly text: string }> {
  mkdirSync(folder, { recursive: true });
  const configure = (configuration: object) =>
    writeFileSync(join(folder, "main.tf.json"), JSON.stringify(configuration));
  const terraform = async (...args: readonly string[]) =>
    (await run(["terraform", ...args], { cwd: folder, accept: "any" })).stdout;

  configure(before());
  await terraform("init", "-no-color");
  await terraform("apply", "-no-color", "-auto-approve");
  addDeposedObject(join(folder, "shapes.tfstate"), "deposed");

  configure(after(secret));
  writeFileSync(join(folder, "checks.tf"), CHECKS);
  const text = await terraform("plan", "-no-color", "-out=tfplan");
  return { json: await terraform("show", "-json", "tfplan"), text };
}

const CREATE_FIRST = { lifecycle: { create_before_destroy: true } };
const BACKEND = { backend: { local: { path: "shapes.tfstate" } } };

/** Adds an old object to a resource in the state, as a replacement that failed to destroy it does. */
function addDeposedObject(file: string, resource: string): void {
  const state = JSON.parse(readFileSync(file, "utf8")) as State;
  const instances = state.resources.find(({ name }) => name === resource)?.instances ?? [];
  instances.push({ ...instances[0], deposed: "ce4cc2bb" });
  writeFileSync(file, JSON.stringify(state));
}

interface State {
  readonly resources: readonly { readonly name: string; readonly instances: object[] }[];
}

function before(): object {
  return {
    terraform: BACKEND,
    resource: {
      terraform_data: {
        moved_from: { input: "a" },
        moved_and_changed_from: { input: "a" },
        replaced: { input: 1, triggers_replace: [1] },
        replaced_later: { input: 1, triggers_replace: [1], ...CREATE_FIRST },
        deposed: { input: 2 },
        destroyed: { input: "x" },
        forgotten: { input: "x" },
        reordered: { input: ["a", "b", "c"] },
        policy: { input: '{"Statement":[{"Sid":"A"},{"Sid":"B"}]}' },
        number: { input: "${9007199254740993}" },
        password: { input: '{"password":"hunter2","size":1}' },
      },
    },
    output: {
      changed: { value: "1" },
      removed: { value: "1" },
      secret: { value: { a: "old" }, sensitive: true },
    },
  };
}

function after(secret: string): object {
  return {
    terraform: BACKEND,
    variable: {
      secret: { sensitive: true, default: secret },
      object: { sensitive: true, default: { a: secret, b: [secret] } },
    },
    moved: [
      { from: "terraform_data.moved_from", to: "terraform_data.moved" },
      { from: "terraform_data.moved_and_changed_from", to: "terraform_data.moved_and_changed" },
    ],
    import: [{ to: "terraform_data.imported_and_changed", id: "some-id" }],
    removed: [{ from: "terraform_data.forgotten", lifecycle: { destroy: false } }],
    data: {
      terraform_remote_state: {
        later: { backend: "local", config: { path: "${terraform_data.created.id}" } },
      },
    },
    resource: {
      terraform_data: {
        moved: { input: "a" },
        moved_and_changed: { input: "b" },
        replaced: { input: 1, triggers_replace: [2] },
        replaced_later: { input: 1, triggers_replace: [2], ...CREATE_FIRST },
        deposed: { input: 3 },
        reordered: { input: ["c", "b", "a"] },
        policy: { input: '{"Statement":[{"Sid":"B"},{"Sid":"A"}]}' },
        number: { input: "${9007199254740994}" },
        password: { input: "${terraform_data.created.id}" },
        imported_and_changed: { input: "y" },
        created: { input: "${terraform_data.replaced.id}" },
        reader: { input: "${data.terraform_remote_state.later.outputs}" },
        secret_object: { input: "${var.object}" },
        secret_places: {
          input: {
            list: ["a", "${var.secret}"],
            map: { x: "${var.secret}", y: "plain" },
            nested: [{ deep: { z: "${var.secret}" } }],
            json: "${jsonencode({ p = var.secret })}",
          },
        },
        unknown_secret: { input: { key: "${var.secret}", id: "${terraform_data.created.id}" } },
      },
    },
    output: {
      changed: { value: "2" },
      created: { value: "${terraform_data.created.id}" },
      secret: { value: { a: secret }, sensitive: true },
    },
  };
}

/** In HCL, because Terraform does not accept check blocks in JSON. */
const CHECKS = `
check "failing" {
  assert {
    condition     = terraform_data.reordered.input[0] == "z"
    error_message = "The first item is not z."
  }
}
check "unknown" {
  assert {
    condition     = terraform_data.created.id == "z"
    error_message = "The id is not z."
  }
}
`;
