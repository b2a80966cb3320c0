"""Getting about a page by keyboard alone."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

#: More stops than any page of the builder has.
_MOST = 150


def json_editor(page: Page, name: str) -> Locator:
    """An editor of JSON, once it has taken the place of the plain text box."""
    return page.get_by_role("textbox", name=name).and_(page.locator("[aria-multiline=true]"))


def write_json(editor: Locator, text: str) -> None:
    """Paste over all that is in an editor of JSON."""
    editor.click()
    editor.press("Control+a")
    editor.evaluate(
        """(element, text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData('text/plain', text);
          const options = { clipboardData, bubbles: true, cancelable: true, composed: true };
          element.dispatchEvent(new ClipboardEvent('paste', options));
        }""",
        text,
    )


def tab_to(target: Locator, key: str = "Tab") -> None:
    """Press Tab until the keyboard stands on an element, or fail when it never gets there."""
    expect(target.first).to_be_attached()
    for _ in range(_MOST):
        if target.first.evaluate("(element) => element === element.getRootNode().activeElement"):
            return
        target.page.keyboard.press(key)
    raise AssertionError(f"{key} never led to {target}")


def choose(target: Locator, option: str) -> None:
    """Choose of a list by typing the beginning of an option."""
    tab_to(target)
    target.page.keyboard.type(option)


def fill(target: Locator, text: str) -> None:
    """Go to a field and type over what is in it."""
    tab_to(target)
    target.page.keyboard.press("Control+a")
    target.page.keyboard.type(text)
