"""What needs somebody, besides alerts: errors with their next step, lost rights, silence, and users nobody can book."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from components.accounts import served
from components.choosing import called
from components.listing import listing
from components.rows import Act, part_of, show_acts_below
from components.spans import ago, lasting
from data import Row, in_zone, knows, number, one_line, say

MOST: Final = 6
"""So many names are told of each kind."""
MENDED: Final = {"UNKNOWN": "connections"}
"""Where something can be done about it that there is no slot for somebody; else their week shows why."""


def show_errors(rows: Sequence[Row], zone: str) -> None:
    """By kind: what it means, what to do, how often, and which accounts."""
    texts = [
        (
            f"{kind_of(row['code'], row['says'])}\n({row['code']})",
            _next(row),
            say("page.health.times", runs=number(row["runs"]), last=in_zone(row["last_at"], zone)),
            _accounts(row),
        )
        for row in part_of(rows, "errors", 10)
    ]
    listing(["page.health.error", "page.health.next", "page.health.runs", "page.health.accounts"], [5, 5, 4, 4], texts)


def _accounts(row: Row) -> str:
    """Which accounts, and whom they serve: all users, and of those that are not the reader's only that there are some."""
    return "\n".join([*_some(row["accounts"]), say("page.health.for"), *(_some(served(row)) or ["–"])])


def _some(names: Sequence[str]) -> list[str]:
    more = [say("page.week.more_people", number=len(names) - MOST)] if len(names) > MOST else []
    return [*map(one_line, names[:MOST]), *more]


def kind_of(code: str, otherwise: str) -> str:
    """What went wrong, said of all runs of a kind together."""
    key = f"page.kind.{code}"
    return say(key) if knows(key) else one_line(otherwise)


def _next(row: Row) -> str:
    """What to click; by the provider of its accounts, where they are of one."""
    keys = (f"page.remedy.{row['code']}.{row['provider']}", f"page.error.{row['code']}")
    own = next((key for key in keys if knows(key)), None)
    return say(own) if own else one_line(row["next_step"]) or "–"


def show_lost(rows: Sequence[Row], zone: str) -> None:
    """Calendars in use that can no longer be read, or written."""
    texts = [
        (
            f"{one_line(row['display_name'])}\n{one_line(row['account_name'])}",
            f"{row['says']}\n{row['next_step']}",
            "\n".join(dict.fromkeys(served(row))) or "–",  # somebody may use it in two ways
            in_zone(row["since"], zone),
        )
        for row in part_of(rows, "lost", 10)
    ]
    listing(["page.calendar", "page.health.says", "page.serves", "page.health.since"], [4, 6, 3, 3], texts)


def show_silent(rows: Sequence[Row]) -> None:
    """Accounts that used to change more often than they do now."""
    texts = [
        (
            one_line(row["account_name"]),
            row["says"],
            f"{ago(row['silent_for'])}\n{say('page.health.usual', span=lasting(row['usual_gap']))}",
            "\n".join(served(row)) or "–",
        )
        for row in part_of(rows, "silent", 10)
    ]
    listing(["page.account", "page.health.says", "page.health.last_change", "page.serves"], [4, 6, 3, 3], texts)


def show_nobody(rows: Sequence[Row]) -> None:
    """Users without any availability ahead, why, and the page on which that is mended or seen."""
    shown = part_of(rows, "nobody", 10)
    texts = [(called(row), "\n".join((row["says"], say(f"nobody.next.{row['because']}")))) for row in shown]
    show_acts_below(["page.user", "page.health.says"], [4, 9], texts, [_go(row) for row in shown])


def _go(row: Row) -> Act:
    def draw(place: Any) -> None:
        page, user = MENDED.get(row["because"], "availability"), f"{row['sub_account']}/{row['user_id']}"
        label = say(f"page.why.go.{page}" if page != "availability" else "page.health.go_availability")
        place.page_link(f"app_pages/{page}.py", label=label, icon=":material/arrow_forward:", query_params={"user": user})

    return draw
