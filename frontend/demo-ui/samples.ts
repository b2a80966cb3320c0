/** Things to show: a tree of tasks, executors, a schema as pydantic writes it, a result. */

import type { JSONObject, JSONValue } from '../src/builder/model/json';
import type { OutlineItem } from '../src/ui/outline/items';
import type { Entry } from '../src/ui/search/entries';

const group = (id: string, parentId: string | null = null): OutlineItem => ({ id, parentId, name: id });

export const TASKS: readonly OutlineItem[] = [
  group('Collect'),
  { id: 'fetch-orders', parentId: 'Collect', name: 'Fetch orders', status: 'completed', priority: 0 },
  { id: 'fetch-rates', parentId: 'Collect', name: 'Fetch exchange rates', status: 'retrying', badges: [{ text: '2/3', tone: 'warning', title: 'Attempt 2 of 3' }] },
  { id: 'fetch-stock', parentId: 'Collect', name: 'Fetch stock of every warehouse with a rather long name', status: 'in_progress', priority: 1 },
  group('Work'),
  group('Clean', 'Work'),
  { id: 'dedupe', parentId: 'Clean', name: 'Remove duplicates', status: 'waiting' },
  { id: 'types', parentId: 'Clean', name: 'Check types', status: 'waiting', badges: [{ text: '2', tone: 'bad', icon: 'warning', title: '2 problems' }] },
  { id: 'join', parentId: 'Work', name: 'Join', status: 'pending', priority: 3 },
  { id: 'enrich', parentId: 'Work', name: 'Enrich', status: 'failed' },
  { id: 'score', parentId: 'Work', name: 'Score', status: 'blocked' },
  { id: 'report', parentId: null, name: 'Report', status: 'pending', badges: [{ text: 'pinned', icon: 'pin' }] },
  { id: 'mail', parentId: null, name: 'Mail it', dimmed: true },
];

/** Many tasks in groups of twenty. */
export function manyTasks(count: number): OutlineItem[] {
  return Array.from({ length: count }, (_, index): OutlineItem => {
    const head = index - (index % 20);
    const isHead = index === head;
    return { id: `t${index}`, parentId: isHead ? null : `t${head}`, name: isHead ? `Group ${index / 20}` : `Task ${index}`, ...(isHead ? {} : { status: 'pending' as const }) };
  });
}

export const EXECUTORS: readonly Entry[] = [
  { id: 'rest_executor', name: 'HTTP request', group: 'Network', about: 'Call a REST API and return its answer', icon: 'external', words: 'rest http api get post' },
  { id: 'websocket_executor', name: 'WebSocket message', group: 'Network', about: 'Send a message and wait for the answer', icon: 'link' },
  { id: 'ssh_executor', name: 'SSH command', group: 'Network', about: 'Run a command on another machine', icon: 'code', disabled: 'No worker offers it now' },
  { id: 'command_executor', name: 'Shell command', group: 'System', about: 'Run a program on the worker', icon: 'code' },
  { id: 'system_info', name: 'System information', group: 'System', about: 'Memory, disk and processors of the worker', icon: 'info' },
  { id: 'docker_executor', name: 'Docker container', group: 'System', about: 'Run an image to its end', icon: 'task' },
  { id: 'llm_executor', name: 'Language model', group: 'AI', about: 'Ask a model and return what it says', icon: 'note' },
  { id: 'aggregate_results', name: 'Aggregate results', group: 'Results', about: 'Gather the results of the dependencies', icon: 'tree' },
];

export const SCHEMA: JSONObject = {
  type: 'object',
  required: ['url', 'auth'],
  properties: {
    url: { type: 'string', title: 'URL', format: 'uri', minLength: 1, description: 'Where to send the request.' },
    method: { type: 'string', title: 'Method', enum: ['GET', 'POST', 'PUT', 'DELETE'], default: 'GET' },
    retries: { type: 'integer', title: 'Retries', minimum: 0, maximum: 10, default: 3 },
    verify: { type: 'boolean', title: 'Verify certificates', default: true },
    headers: { type: 'object', title: 'Headers', additionalProperties: { type: 'string' }, default: {} },
    rows: { type: 'array', title: 'Rows', items: { $ref: '#/$defs/Row' }, default: [] },
    tags: { type: 'array', title: 'Tags', items: { type: 'string' }, description: 'For finding it again.' },
    auth: {
      title: 'Sign in',
      oneOf: [{ $ref: '#/$defs/Basic' }, { $ref: '#/$defs/Bearer' }],
      discriminator: { propertyName: 'kind', mapping: { basic: '#/$defs/Basic', bearer: '#/$defs/Bearer' } },
    },
    proxy: { anyOf: [{ $ref: '#/$defs/Proxy' }, { type: 'null' }], title: 'Proxy', default: null },
    body: { anyOf: [{ type: 'string' }, { type: 'object', additionalProperties: true }, { type: 'null' }], title: 'Body', default: null },
    timeout: { anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { type: 'null' }], title: 'Timeout', default: null, description: 'Seconds.' },
  },
  $defs: {
    Row: { type: 'object', title: 'Row', required: ['name'], properties: { name: { type: 'string', title: 'Name' }, count: { type: 'integer', title: 'Count', default: 1 } } },
    Basic: { type: 'object', title: 'Name and password', required: ['kind', 'user', 'password'], properties: { kind: { const: 'basic', type: 'string' }, user: { type: 'string', title: 'User' }, password: { type: 'string', title: 'Password', format: 'password', writeOnly: true } } },
    Bearer: { type: 'object', title: 'Token', required: ['kind', 'token'], properties: { kind: { const: 'bearer', type: 'string' }, token: { type: 'string', title: 'Token' } } },
    Proxy: { type: 'object', title: 'Proxy', required: ['host'], properties: { host: { type: 'string', title: 'Host' }, port: { type: 'integer', title: 'Port', default: 3128 } } },
  },
};

export const VALUES: JSONObject = {
  url: 'https://example.org/orders/{{ params.day }}',
  retries: 20,
  verify: '{{ tasks.settings.result.verify }}',
  headers: { Accept: 'application/json', 'X-Trace': '{{ run.id }}' },
  rows: [{ name: 'first', count: 2 }, { name: '' }],
  tags: ['orders', 'daily'],
  auth: { kind: 'bearer', token: '{{ secrets.API }}' },
};

export const PROBLEMS = [
  { path: ['retries'], message: 'must be at most 10' },
  { path: '$.rows[1].name', message: 'must have at least 1 characters' },
] as const;

export const EXAMPLE: JSONObject = { url: 'https://example.org', method: 'GET', retries: 3 };

export const RESULT: JSONValue = {
  status: 'completed',
  result: {
    rows: Array.from({ length: 1200 }, (_, id) => ({ id, name: `Order ${id}`, total: id * 1.5, paid: id % 3 === 0 })),
    next: null,
    note: 'A text that\nhas two lines',
    empty: [],
    'a key with blanks': { deep: { deeper: [1, 2, 3] } },
  },
};
