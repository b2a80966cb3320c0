/** What a form shows. Parts are read when they are asked for, so that a schema may contain itself. */

import type { JSONValue } from '../json';
import type { Schema } from './schema';

/** One value of a form. */
export interface FormNode {
  shape: Shape;
  title: string;
  description: string;
  /** `undefined` when there is none. */
  defaultValue: JSONValue | undefined;
  examples: readonly JSONValue[];
  /** Null is allowed too. */
  isNullable: boolean;
  isDeprecated: boolean;
  isReadOnly: boolean;
  schema: Schema;
}

export type Shape = TextShape | NumberShape | ChoiceShape | ObjectShape | ListShape | UnionShape | PlainShape;

export interface TextShape {
  kind: 'text';
  /** `date-time`, `date`, `time`, `email`, `uri`, `uuid`, `password`, …; empty when there is none. */
  format: string;
  /** Not to be shown. */
  isSecret: boolean;
  minLength: number | null;
  maxLength: number | null;
  pattern: string;
}

export interface NumberShape {
  kind: 'number';
  isInteger: boolean;
  minimum: number | null;
  maximum: number | null;
  above: number | null;
  below: number | null;
  multipleOf: number | null;
}

/** One of some values; a single one is a constant. */
export interface ChoiceShape {
  kind: 'choice';
  options: readonly JSONValue[];
}

export interface ObjectShape {
  kind: 'object';
  fields(): Field[];
  /** The value of keys that are not named; null when there may be none. */
  extra: (() => FormNode) | null;
}

export interface ListShape {
  kind: 'list';
  /** Null when there is no such place. */
  item(index: number): FormNode | null;
  minItems: number;
  maxItems: number | null;
  isUnique: boolean;
}

export interface UnionShape {
  kind: 'union';
  options: readonly { label: string; node(): FormNode }[];
  /** The key that tells the options apart, and the option of each of its values. */
  discriminator: { key: string; values: ReadonlyMap<string, number> } | null;
}

/** `json` is a value of any kind. */
export interface PlainShape {
  kind: 'boolean' | 'null' | 'json';
}

export interface Field {
  key: string;
  isRequired: boolean;
  node: FormNode;
}
