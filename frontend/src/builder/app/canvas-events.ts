/** What people do on the canvas, as acts on the tree. */

import type { CanvasEvents, MenuRequest } from '../../canvas/events';
import type { Builder } from './builder.svelte';
import type { Page } from './page.svelte';

/** The callbacks of the canvas. */
export function canvasEvents(builder: Builder, page: Page, openMenu: (request: MenuRequest) => void): Partial<CanvasEvents> {
  const { acts, session } = builder;
  return {
    // The canvas goes on with what is selected in the same event, such as dragging it.
    select: (ids) => {
      if (ids.length > 0) session.select(ids);
      else session.deselect();
      builder.showSelection();
    },
    open: (id) => page.openTask(id),
    rename: (id, title) => acts.rename(id, title),
    move: ({ moves, splits }) => acts.move(moves, splits),
    connect: (source, target) => acts.connect(source, target),
    refuse: (reason) => builder.refuse(reason),
    connectToEmpty: ({ node, from, x, y, clientX, clientY }) => {
      const joined = from === 'output' ? { after: node } : { before: node };
      page.openPalette({ ...joined, at: { x, y } }, { x: clientX, y: clientY });
    },
    edgeClick: (id) => {
      const edge = acts.edgeOf(id);
      if (!edge) return;
      const { edge: before } = session.selection;
      const isAgain = before?.from === edge.from && before.to === edge.to;
      session.selectEdge(edge);
      if (isAgain) acts.toggleRequired(edge);
    },
    edgeInsert: (id, at) => {
      const edge = acts.edgeOf(id);
      if (edge) page.openPalette({ onEdge: edge, at });
    },
    drop: ({ data, x, y, parent, splits }) => {
      const edge = splits === null ? null : acts.edgeOf(splits);
      const id = acts.add(data || null, { at: { x, y }, ...(edge ? { onEdge: edge } : { parent }) });
      if (id !== null) page.canvas?.focusNode(id);
    },
    toggleGroup: (id) => builder.toggleGroup(id),
    contextMenu: (request) => {
      const edge = request.edge === null ? null : acts.edgeOf(request.edge);
      if (edge) session.selectEdge(edge);
      else if (request.node !== null && !session.selection.tasks.has(request.node)) session.select([request.node]);
      openMenu(request);
    },
  };
}
