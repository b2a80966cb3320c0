/** Every edit of a document, as a command: it takes a document and says, as an `Edit`, what becomes of it. */

export * from './commands/copies';
export { connect, disconnect, dropOnEdge, setRequired, splitEdge, type EdgeId } from './commands/edges';
export { applyLayout, moveTasks, shifted, type Places } from './commands/places';
export { groupTasks, reorder, reparent, ungroup } from './commands/structure';
export {
  addTask,
  removeAndReconnect,
  removeTasks,
  renameTask,
  replaceDocument,
  setField,
  setInput,
  setInputs,
  setTreeField,
} from './commands/tasks';
