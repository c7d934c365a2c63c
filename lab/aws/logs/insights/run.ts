import { evaluate, isTrue, type Row } from "./evaluate.ts";
import type { AggregateColumn, Column, Command, QueriedEvent, Value } from "./query.ts";

/** The columns of a result, in order. A row of a log event also has its pointer, `@ptr`. */
export type ResultRow = ReadonlyMap<string, Value>;

export interface QueryResult {
  readonly rows: readonly ResultRow[];
  /** Number of events that the filters kept. */
  readonly matched: number;
}

const DEFAULT_COLUMNS: readonly Column[] = ["@timestamp", "@message"].map((name) => ({
  name,
  expression: { kind: "field", name },
}));

/** Runs a query on events. Rows of events are newest first, unless the query sorts them. */
export function runQuery(
  commands: readonly Command[],
  events: readonly QueriedEvent[],
): QueryResult {
  let rows: readonly Row[] = events
    .map((event): Row => ({ event, values: new Map() }))
    .sort((a, b) => (b.event?.timestamp ?? 0) - (a.event?.timestamp ?? 0));
  let columns: readonly Column[] | undefined;
  let matched = rows.length;
  let aggregated = false;
  for (const command of commands) {
    switch (command.kind) {
      case "filter":
        rows = rows.filter((row) => isTrue(evaluate(command.condition, row)));
        if (!aggregated) matched = rows.length;
        break;
      case "parse":
        rows = rows.map((row) => {
          const [, ...groups] =
            command.pattern.exec(String(evaluate(command.value, row) ?? "")) ?? [];
          const values = new Map(row.values);
          command.names.forEach((name, index) => {
            values.set(name, groups[index]);
          });
          return { ...row, values };
        });
        break;
      case "fields":
        rows = rows.map((row) => withColumns(row, command.columns));
        columns = [...(aggregated ? [] : (columns ?? [])), ...command.columns];
        break;
      case "display":
        columns = command.columns;
        break;
      case "stats":
        rows = aggregate(rows, command.aggregates, command.by);
        columns = [...command.by, ...command.aggregates].map(columnOf);
        aggregated = true;
        break;
      case "sort":
        rows = rows.toSorted((a, b) => {
          for (const { expression, descending } of command.keys) {
            const order = compareValues(evaluate(expression, a), evaluate(expression, b));
            if (order !== 0) return descending ? -order : order;
          }
          return 0;
        });
        break;
      case "limit":
        rows = rows.slice(0, command.count);
        break;
    }
  }
  const shown = columns ?? DEFAULT_COLUMNS;
  return {
    rows: rows.map((row) => {
      const result = new Map(
        shown.map(({ name, expression }) => [name, evaluate(expression, row)]),
      );
      if (row.event !== undefined) result.set("@ptr", row.event.eventId);
      return result;
    }),
    matched,
  };
}

const columnOf = ({ name }: { readonly name: string }): Column => ({
  name,
  expression: { kind: "field", name },
});

/** Makes the values of expressions available to later commands under the names of their columns. */
function withColumns(row: Row, columns: readonly Column[]): Row {
  const computed = columns.filter(
    ({ name, expression }) => expression.kind !== "field" || expression.name !== name,
  );
  if (computed.length === 0) return row;
  const values = new Map(row.values);
  for (const { name, expression } of computed) values.set(name, evaluate(expression, row));
  return { ...row, values };
}

function aggregate(
  rows: readonly Row[],
  aggregates: readonly AggregateColumn[],
  by: readonly Column[],
): readonly Row[] {
  const groups = new Map<string, { readonly key: readonly Value[]; readonly rows: Row[] }>();
  for (const row of rows) {
    const key = by.map(({ expression }) => evaluate(expression, row));
    const id = JSON.stringify(key.map((value) => value ?? null));
    const group = groups.get(id) ?? { key, rows: [] };
    group.rows.push(row);
    groups.set(id, group);
  }
  return [...groups.values()].map((group) => ({
    event: undefined,
    values: new Map<string, Value>([
      ...by.map(({ name }, index) => [name, group.key[index]] as const),
      ...aggregates.map((column) => [column.name, aggregateOf(column, group.rows)] as const),
    ]),
  }));
}

function aggregateOf({ aggregate: kind, argument }: AggregateColumn, rows: readonly Row[]): Value {
  if (argument === undefined) return rows.length;
  const present = rows.flatMap((row) => {
    const value = evaluate(argument, row);
    return value === undefined ? [] : [{ value, at: row.event?.timestamp ?? 0 }];
  });
  const numbers = present.map(({ value }) => Number(value)).filter((value) => !Number.isNaN(value));
  const sum = numbers.reduce((total, value) => total + value, 0);
  switch (kind) {
    case "count":
      return present.length;
    case "count_distinct":
      return new Set(present.map(({ value }) => String(value))).size;
    case "sum":
      return sum;
    case "avg":
      return numbers.length === 0 ? undefined : sum / numbers.length;
    case "min":
      return present.map(({ value }) => value).toSorted(compareValues)[0];
    case "max":
      return present
        .map(({ value }) => value)
        .toSorted(compareValues)
        .at(-1);
    case "earliest":
      return present.toSorted((a, b) => a.at - b.at)[0]?.value;
    case "latest":
      return present.toSorted((a, b) => a.at - b.at).at(-1)?.value;
  }
}

/** Compares numbers by value and all others as text. Missing values come last in descending order. */
export function compareValues(a: Value, b: Value): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  const [x, y] = [Number(a), Number(b)];
  const numeric = a !== "" && b !== "" && !Number.isNaN(x) && !Number.isNaN(y);
  if (numeric) return x - y;
  return String(a) < String(b) ? -1 : Number(String(a) > String(b));
}
