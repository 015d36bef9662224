"""Whether everybody can use what a page shows at the moment, by axe-core from its package: by day all its rules, by night the colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.hands import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.hands import Visitor

GRAVE: Final = {"serious", "critical"}
RULES: Final[dict[str, dict[str, object]]] = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}
"""By night only the colours are others."""
WITHOUT_MOTION: Final = "*, *::before, *::after { transition: none !important; animation: none !important; }"
"""Colours are measured as they stay, not on their way."""
_AXE: Final = Axe()
_THEMED: Final = "scheme => getComputedStyle(document.querySelector('[data-testid=\"stApp\"]')).colorScheme === scheme"
_DRAWN: Final = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
_RUN: Final = "options => axe.run(document, options).then(found => found.violations)"


def check_usable(visitor: Visitor, where: str, schemes: tuple[str, ...] = ("light", "dark")) -> None:
    """Nothing axe-core calls serious or critical; ``where`` says in a failure what was looked at."""
    found = hard_to_use(visitor.page, schemes)
    assert (where, found) == (where, [])


def hard_to_use(page: Page, schemes: tuple[str, ...]) -> list[str]:
    """What is serious or critical, by day and by night, with the place in the page."""
    found = []
    expect(page.locator('[data-stale="true"]')).to_have_count(0, timeout=PATIENCE)
    if not page.evaluate("() => 'axe' in window"):  # a document keeps both from page to page
        page.evaluate(_AXE.axe_script)
        page.add_style_tag(content=WITHOUT_MOTION)
    for scheme in schemes:
        rules = RULES[scheme]
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_function(_THEMED, arg=scheme)
        page.evaluate(_DRAWN)
        for finding in page.evaluate(_RUN, {"resultTypes": ["violations"]} | rules):
            if finding["impact"] in GRAVE:
                found += [f"{scheme}: {finding['id']}: {node['html'][:200]}" for node in finding["nodes"]]
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found
