/** Every English text of the builder. `{name}` stands for a value; `text` asks for exactly the values of a text. */

import { fillIn, type ValuesOf } from '../../core/texts';

const TEXTS = {
  // JSON
  'json.more': 'Something follows the end of the document',
  'json.deep': 'This is nested more than {levels} levels deep',
  'json.key': 'A key in double quotes belongs here',
  'json.twice': 'The key "{key}" stands twice in one object',
  'json.colon': 'A colon belongs here',
  'json.brace': 'A comma or } belongs here',
  'json.bracket': 'A comma or ] belongs here',
  'json.string': 'This text has no end, or holds a character that must be escaped',
  'json.nul': 'This text holds the character U+0000, which cannot be stored',
  'json.surrogate': 'This text holds half of a surrogate pair, which is not valid Unicode',
  'json.value': 'A value belongs here',
  'json.end': 'The document ends too early',
  'json.infinite': 'This number is too large',

  // Opening a document
  'document.neither': 'This is neither a tree document nor a list of tasks',
  'document.format': '"format" must be "{format}"',
  'document.version': '"version" must be {version}',
  'document.tasks': '"tasks" must be a list',
  'document.task': 'Entry {index} of the tasks is no object',
  'document.sameId': '{name} has a new id: "{id}" is empty or belongs to another task',
  'document.inexact': 'The number {literal} is too long for a browser and would be rounded when this is saved',

  // What undo and redo name
  'edit.add': 'Add {name}',
  'edit.remove': 'Delete {what}',
  'edit.reconnect': 'Delete {what} and reconnect',
  'edit.rename': 'Rename {from} to {to}',
  'edit.fields': 'Change {field} of {what}',
  'edit.inputs': 'Change the inputs of {name}',
  'edit.tree': 'Change {field} of the tree',
  'edit.connect': 'Let {to} wait for {from}',
  'edit.disconnect': 'Let {to} no longer wait for {from}',
  'edit.required': 'Require {from} for {to}',
  'edit.optional': 'Make {from} optional for {to}',
  'edit.split': 'Insert {name} between {from} and {to}',
  'edit.reparent': 'Move {what} into {group}',
  'edit.unparent': 'Move {what} out of its group',
  'edit.move': 'Move {what}',
  'edit.group': 'Group {what}',
  'edit.ungroup': 'Ungroup {name}',
  'edit.duplicate': 'Duplicate {what}',
  'edit.paste': 'Paste {what}',
  'edit.layout': 'Tidy up',
  'edit.reorder': 'Change the order of {what}',
  'edit.replace': 'Replace the document',
  'what.tasks': '{count} tasks',

  // Why something may not be connected or moved
  'connect.self': 'A task cannot wait for itself',
  'connect.unknown': 'There is no such task any more',
  'connect.twice': '{to} waits for {from} already',
  'connect.cycle': 'That would be a cycle: {route} (each waits for the next; a group waits for its children)',
  'parent.self': 'A task cannot be inside itself',
  'parent.below': '{name} contains {group}',

  // What a paste could not keep
  'paste.nothing': 'There is nothing to paste',
  'paste.noTasks': 'This holds no tasks',
  'paste.dependencies': '{name}: left out {count} dependencies on tasks that were not copied',
  'paste.dependency': '{name}: left out the dependency on a task that was not copied',
  'paste.parent': '{name}: is outside of its group, which was not copied',
  'paste.binding': '{name}: names tasks.{reference}, which was not copied',
  'paste.renamed': '{from} is called {to} here, because the name is taken',

  // Start order
  'order.disabled': '{name} is disabled',
  'order.requires': '{name} requires {other}, which will not run',
  'order.member': '{name} contains {other}, which cannot run',
  'order.cycle': '{name} waits for itself through others',
  'order.noExecutor': '{name} has no executor',

  // Merging
  'merge.value': 'Both have changed {path}',
  'merge.removedChanged': '{name} was deleted by one and changed by the other; it was kept',
  'merge.removedUsed': '{name} was deleted by one and is used by a change of the other; it was kept',
  'merge.order': 'Both have changed the order of {path}',
  'merge.cycle': 'Together the changes make a cycle: {route}',

  // Forms
  'form.number': 'This is no number',
  'form.integer': 'This is no whole number',
  'form.range': 'This number is too large',
  'form.inexact': 'This number is too long to be kept exactly',
  'form.boolean': 'This is neither true nor false',
  'form.json': 'This is no JSON: {message}',
  'form.type': 'must be {kind}',
  'form.required': 'is required',
  'form.missingInput': 'is required and missing, and no dependency can bring it',
  'form.unknown': 'is not a known field',
  'form.enum': 'must be one of {options}',
  'form.const': 'must be {value}',
  'form.minimum': 'must be at least {limit}',
  'form.maximum': 'must be at most {limit}',
  'form.above': 'must be more than {limit}',
  'form.below': 'must be less than {limit}',
  'form.multiple': 'must be a multiple of {limit}',
  'form.minLength': 'must have at least {limit} characters',
  'form.maxLength': 'must have at most {limit} characters',
  'form.pattern': 'must match {pattern}',
  'form.minItems': 'must have at least {limit} entries',
  'form.maxItems': 'must have at most {limit} entries',
  'form.unique': 'must not have an entry twice',
  'form.minKeys': 'must have at least {limit} keys',
  'form.maxKeys': 'must have at most {limit} keys',
  'form.union': 'fits none of the allowed forms',
  'form.other': 'is not allowed: {reason}',
} as const;

export type TextKey = keyof typeof TEXTS;

/** Return a text with its values in place. */
export function text<K extends TextKey>(key: K, ...[values]: ValuesOf<(typeof TEXTS)[K]>): string {
  return fillIn(TEXTS[key], values ?? {});
}

/** Say which tasks are meant: the name of one, the number of several. */
export function textOfTasks(names: readonly string[]): string {
  return names.length === 1 ? names[0]! : text('what.tasks', { count: names.length });
}

/** Every key, for those who translate or check them. */
export const TEXT_KEYS = Object.keys(TEXTS) as readonly TextKey[];
