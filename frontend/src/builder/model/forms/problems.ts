/** What is wrong with values, with paths. The rules are the server's (orchestration/engine/validation.py). */

import { Validator, type OutputUnit } from '@cfworker/json-schema';
import { hasExpression } from '../expressions';
import { eachText, getAt, isObject, type JSONObject, type JSONValue, type Path } from '../json';
import { text } from '../texts';
import { messageOf } from './messages';
import { readPointer, resolve, type Schema } from './schema';

export interface FieldProblem {
  path: Path;
  message: string;
}

/** List what is wrong with a value. */
export function schemaProblems(schema: Schema, value: JSONValue): FieldProblem[] {
  const { errors } = validatorOf(schema).validate(value);
  return unique(leaves(errors).map((error) => inWords(schema, value, error)));
}

/**
 * List what is wrong with a task's inputs, as far as that is known before a run.
 *
 * Keys with an expression somewhere in them are not looked at; what is missing may come from a dependency.
 */
export function inputProblems(schema: Schema, inputs: JSONObject, hasDependencies: boolean): FieldProblem[] {
  const { required, ...rest } = resolve(schema, schema);
  const fixed = Object.fromEntries(Object.entries(inputs).filter(([, value]) => !holdsExpression(value)));
  const defs = isObject(schema.$defs) ? { $defs: schema.$defs } : {};
  const properties = isObject(rest.properties) ? { type: 'object', properties: rest.properties, ...defs } : {};
  const problems = schemaProblems(properties, fixed);
  if (hasDependencies || !Array.isArray(required)) return problems;
  const missing = required.filter((key): key is string => typeof key === 'string' && !(key in inputs));
  return [...problems, ...missing.map((key) => ({ path: [key], message: text('form.missingInput') }))];
}

function holdsExpression(value: JSONValue): boolean {
  let isFound = false;
  eachText(value, (said) => void (isFound ||= hasExpression(said)));
  return isFound;
}

const validators = new WeakMap<Schema, Validator>();

function validatorOf(schema: Schema): Validator {
  let validator = validators.get(schema);
  if (!validator) {
    validator = new Validator(forBrowsers(schema) as Schema, '2020-12', false);
    validators.set(schema, validator);
  }
  return validator;
}

/** A copy without what the server doesn't check (formats), or a browser can't (Python's own patterns). */
function forBrowsers(schema: JSONValue, isMap = false): JSONValue {
  if (Array.isArray(schema)) return schema.map((item) => forBrowsers(item));
  if (!isObject(schema)) return schema;
  const kept = Object.entries(schema).filter(([key, value]) => isMap || isChecked(key, value));
  return Object.fromEntries(
    kept.map(([key, value]) => [key, isValue(key, isMap) ? value : forBrowsers(value, !isMap && MAPS.has(key))]),
  );
}

const MAPS: ReadonlySet<string> = new Set(['properties', '$defs', 'patternProperties', 'dependentSchemas']);

function isValue(key: string, isMap: boolean): boolean {
  return !isMap && ['const', 'enum', 'default', 'examples'].includes(key);
}

function isChecked(key: string, value: JSONValue): boolean {
  if (key === 'pattern') return typeof value === 'string' && compiles(value);
  if (key === 'patternProperties') return isObject(value) && Object.keys(value).every(compiles);
  return key !== 'format';
}

function compiles(pattern: string): boolean {
  try {
    return Boolean(new RegExp(pattern, 'u'));
  } catch {
    return false;
  }
}

const WRAPPERS: ReadonlySet<string> = new Set([
  ...[
    '$ref',
    '$recursiveRef',
    'allOf',
    'if',
    'properties',
    'patternProperties',
    'additionalProperties',
    'propertyNames',
  ],
  ...['unevaluatedProperties', 'prefixItems', 'items', 'additionalItems', 'unevaluatedItems', 'dependentSchemas'],
]);

/** Of all complaints, those that name a cause. Of a union only the option that the value was meant for is told of. */
function leaves(errors: readonly OutputUnit[]): OutputUnit[] {
  const union = errors.find(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf');
  if (!union) return errors.filter(({ keyword }) => !WRAPPERS.has(keyword));
  const prefix = `${union.keywordLocation}/`;
  // The same union may stand at several places of the value, under one location in the schema.
  const isInside = ({ keywordLocation, instanceLocation }: OutputUnit) =>
    keywordLocation.startsWith(prefix) && `${instanceLocation}/`.startsWith(`${union.instanceLocation}/`);
  const inside = errors.filter(isInside);
  const outside = errors.filter((error) => error !== union && !isInside(error));
  return [...leaves(outside), ...leavesOfUnion(union, inside, prefix)];
}

function leavesOfUnion(union: OutputUnit, inside: readonly OutputUnit[], prefix: string): OutputUnit[] {
  const branchOf = ({ keywordLocation }: OutputUnit) => keywordLocation.slice(prefix.length).split('/')[0]!;
  const branches = [...new Set(inside.map(branchOf))].map((name) => inside.filter((error) => branchOf(error) === name));
  const isOther = ({ keyword, instanceLocation }: OutputUnit) =>
    (keyword === 'type' && instanceLocation === union.instanceLocation) ||
    (keyword === 'const' && parentPointer(instanceLocation) === union.instanceLocation);
  const meant = branches.filter((branch) => !branch.some(isOther));
  return meant.length === 1 ? leaves(meant[0]!) : [union];
}

function parentPointer(pointer: string): string {
  return pointer.slice(0, pointer.lastIndexOf('/'));
}

function inWords(schema: Schema, value: JSONValue, error: OutputUnit): FieldProblem {
  const path = readPointer(error.instanceLocation, value);
  const limit = limitOf(schema, error.keywordLocation);
  const missing = error.keyword === 'required' ? /required property "(.*)"/s.exec(error.error)?.[1] : undefined;
  if (missing !== undefined) return { path: [...path, missing], message: text('form.required') };
  return { path, message: messageOf(schema, error, limit) };
}

/** The value of the keyword that was broken; its location leads through references. */
function limitOf(schema: Schema, location: string): JSONValue | undefined {
  let at: JSONValue | undefined = schema;
  for (const step of readPointer(location)) {
    if (isObject(at) && step === '$ref' && typeof at.$ref === 'string')
      at = getAt(schema, readPointer(at.$ref, schema));
    else at = getAt(at, [Array.isArray(at) ? Number(step) : step]);
  }
  return at;
}

function unique(problems: FieldProblem[]): FieldProblem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}
