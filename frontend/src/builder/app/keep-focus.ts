/** Gives the keyboard another place when what had the focus is gone from the page, as a task is that was deleted. */

/** An attachment; `goOn` is called when the focus was on something inside that is no longer there. */
export function keepFocus(goOn: () => void): (element: Element) => () => void {
  return (element) => {
    let last: Element | null = null;
    const note = ({ target }: Event): void => {
      last = target instanceof Element ? target : null;
    };
    const observer = new MutationObserver(() => {
      if (!last || last.isConnected || document.activeElement !== document.body) return;
      last = null;
      goOn();
    });
    element.addEventListener('focusin', note);
    observer.observe(element, { childList: true, subtree: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('focusin', note);
    };
  };
}
