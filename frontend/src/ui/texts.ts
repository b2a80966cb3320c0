/** Every English text of the UI kit. `{name}` stands for a value; `text` asks for exactly the values of a text. */

import { fillIn, type ValuesOf } from '../core/texts';

const TEXTS = {
  // Overlays
  'close': 'Close',
  'cancel': 'Cancel',
  'confirm.reason': 'Reason',
  'confirm.reasonOptional': 'Reason (optional)',
  'confirm.touches': 'This touches',
  'confirm.more': 'and {count} more',
  'toast.close': 'Dismiss',
  'toasts': 'Messages',
  'menu.unavailable': '{label}: {reason}',
  'busy': 'Loading …',

  // Basics
  'priority': 'Priority',
  'priority.0': 'Urgent',
  'priority.1': 'High',
  'priority.2': 'Normal',
  'priority.3': 'Low',
  'priority.chip': 'Priority {number}, {word}',
  'priority.mixed': 'Different priorities',
  'time.exact': '{local} here, {utc} UTC',
  'time.unknown': 'unknown',
  'time.now': 'just now',
  'status.reused': 'Reused from an earlier run',

  // Layout
  'splitter.fold': 'Enter folds or unfolds',

  // Keys
  'keys.title': 'Keyboard shortcuts',
  'keys.filter': 'Filter the shortcuts',
  'keys.none': 'No shortcut matches',
  'keys.or': 'or',
  'keys.inside': 'in {scope}',
  'commands.title': 'Commands',
  'commands.search': 'Type a command',
  'commands.none': 'No command matches “{query}”',

  // Searchable lists
  'search.recent': 'Recent',
  'search.count': '{count} results',
  'search.one': '1 result',
  'search.none': 'Nothing matches “{query}”',
  'search.empty': 'There is nothing here yet',
  'search.keys': '↑↓ choose · Enter takes · Esc closes',
  'search.preview': 'About {name}',

  // Outline
  'outline.rename': 'Name of {name}',
  'outline.moved': 'Moved {what} to position {position} of {count} in {parent}',
  'outline.top': 'the top level',
  'outline.noMove': 'Cannot move: {reason}',
  'outline.edge': 'There is nowhere further to move it',
  'outline.itself': 'it would be inside itself',
  'outline.items': '{count} items',
  'outline.selected': '{count} selected',
  'outline.expand': 'Expand {name}',
  'outline.collapse': 'Collapse {name}',
  'outline.dimmed': 'disabled',

  // JSON
  'json.items': '{count} items',
  'json.item': '1 item',
  'json.keys': '{count} keys',
  'json.key': '1 key',
  'json.more': 'Show {count} more of {rest}',
  'json.copyPath': 'Copy the path',
  'json.copyValue': 'Copy the value',
  'json.copied': 'Copied {what}',
  'json.copiedValue': 'the value',
  'json.notCopied': 'The browser did not allow copying',
  'json.pick': 'Use this value',
  'json.pickHelp': 'Click a value, or press Enter on it, to use it',
  'json.error': 'Line {line}, column {column}: {message}',
  'json.valid': 'Valid JSON',
  'json.tooBig': '{size} of text: shown without colours',

  // Forms
  'form.secret': 'Store it as a secret and write {expression} here: what is typed in stands readable in the tree.',
  'form.required': 'required',
  'form.example': 'Fill in the example',
  'form.exampleUsed': 'The example was filled in',
  'form.default': 'Default: {value}',
  'form.notSet': 'Not set',
  'form.set': 'Set {name}',
  'form.clear': 'Leave out {name}',
  'form.useDefault': 'Default ({value})',
  'form.add': 'Add {what}',
  'form.addEntry': 'Add an entry',
  'form.entry': 'Entry {number}',
  'form.remove': 'Remove entry {number}',
  'form.removeKey': 'Remove {name}',
  'form.up': 'Move entry {number} up',
  'form.down': 'Move entry {number} down',
  'form.key': 'Key',
  'form.newKey': 'New key',
  'form.addKey': 'Add a key',
  'form.value': 'Value of {name}',
  'form.keyTaken': 'There is a key of this name already',
  'form.kind': 'Kind of {name}',
  'form.true': 'Yes',
  'form.false': 'No',
  'form.null': 'None',
  'form.expression': 'Expression',
  'form.toExpression': 'Enter an expression for {name}',
  'form.fromExpression': 'Enter a plain value for {name}',
  'form.pick': 'Pick a result for {name}',
  'form.empty': 'There is nothing to fill in',
  'form.limits': 'from {minimum} to {maximum}',
  'form.atLeast': 'at least {minimum}',
  'form.atMost': 'at most {maximum}',
  'form.form': 'Form',
  'form.json': 'JSON',
  'form.entryRemoved': 'Removed entry {number} of {name}',
  'form.entryAdded': 'Added an entry to {name}',
  'form.entryMoved': 'Moved to position {number}',
  'form.other': 'Other fields',
  'form.anything': 'Any value, as JSON',
  'form.textHint': 'Text',
  'kind.string': 'Text',
  'kind.number': 'Number',
  'kind.integer': 'Whole number',
  'kind.boolean': 'Yes or no',
  'kind.object': 'Object',
  'kind.array': 'List',
  'kind.null': 'None',
  'kind.any': 'Anything (JSON)',
  'kind.other': 'Form {number}',
} as const;

export type TextKey = keyof typeof TEXTS;

/** Return a text with its values in place. */
export function text<K extends TextKey>(key: K, ...[values]: ValuesOf<(typeof TEXTS)[K]>): string {
  return fillIn(TEXTS[key], values ?? {});
}

/** Every text, for those who check or translate them. */
export const ALL_TEXTS: Readonly<Record<TextKey, string>> = TEXTS;
