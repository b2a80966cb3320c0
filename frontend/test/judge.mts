/**
 * What the builder's model says of documents, to be compared with the engine: tests/acceptance/test_builder_model.py.
 *
 * Reads one JSON object a line, `{document, slots, known, schema}`, and answers each with one line.
 */

import { createInterface } from 'node:readline';
import { openDocument, type TreeDocument } from '../src/builder/model/document';
import { findReferences } from '../src/builder/model/expressions';
import { TaskGraph } from '../src/builder/model/graph';
import { eachText, pathText, type JSONObject, type JSONValue } from '../src/builder/model/json';
import { inputProblems } from '../src/builder/model/schema-form';
import { startOrder } from '../src/builder/model/start-order';
import { dependenciesOf, inputsOf } from '../src/builder/model/task';

interface Question {
  document: JSONValue;
  slots: number;
  known: string[];
  schema: JSONObject;
}

function judge({ document, slots, known, schema }: Question): object {
  const opened = openDocument(document, 'Untitled');
  if ('refusal' in opened) return opened;
  const executors = new Set(known);
  const { waves, notRun } = startOrder(opened.document, slots, executors);
  const graph = new TaskGraph(opened.document, executors);
  return {
    waves,
    notRun: [...notRun.keys()],
    groups: opened.document.tasks.map(({ id }) => id).filter((id) => graph.isGroup(id)),
    hasCycle: graph.findCycle() !== null,
    refused: refusedEdges(opened.document, graph),
    used: opened.document.tasks.map((task) => namesIn(inputsOf(task))),
    problems: opened.document.tasks.map((task) =>
      inputProblems(schema, inputsOf(task), dependenciesOf(task).length > 0).map(({ path }) => pathText(path)),
    ),
  };
}

/** The edges that nobody may draw, of all that there could be. */
function refusedEdges({ tasks }: TreeDocument, graph: TaskGraph): [string, string][] {
  const ids = tasks.map(({ id }) => id);
  const pairs = ids.flatMap((from) => ids.map((to): [string, string] => [from, to]));
  return pairs.filter(([from, to]) => graph.connectRefusal(from, to) !== null);
}

function namesIn(inputs: JSONObject): string[] {
  const names = new Set<string>();
  eachText(inputs, (text) => findReferences(text).forEach(({ name }) => names.add(name)));
  return [...names].sort();
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(judge(JSON.parse(line) as Question))}\n`);
}
