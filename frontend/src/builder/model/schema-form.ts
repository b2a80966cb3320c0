/** Forms made from JSON Schema, draft 2020-12 as pydantic writes it: what to show, what was typed, what is wrong. */

export { inputProblems, schemaProblems, type FieldProblem } from './forms/problems';
export { readForm } from './forms/reading';
export type { Schema } from './forms/schema';
export * from './forms/shapes';
export { firstValue, optionOf, readTyped, showText, type Typed } from './forms/values';
export { getAt, setAt } from './json';
