"""The one place where a desk's methods are guarded: by role, by sub-account, by whom an id belongs to. No method can go without it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from functools import wraps
from types import MappingProxyType
from typing import Any, Final, Self, TypeVar

from icalsync.app.moments import at_one_moment
from icalsync.app.parts import Parts
from icalsync.core.access import DESK, QUESTIONS, READINGS, Action, Reader
from icalsync.errors import (
    AnotherSyncIsRunning,
    AppointmentUnknown,
    IcalsyncError,
    NotAllowed,
    NotFound,
    SharedDecision,
    StoreInUse,
    StoreLocked,
    SyncUnderWay,
    UnknownCalendar,
    UnknownIntegration,
    UnknownSubAccount,
)
from icalsync.store.belonging import KINDS
from icalsync.store.moment import OnlyRead

Row = dict[str, Any]
Answer = TypeVar("Answer")

_WHOSE: Final = "sub_account"
_GUARDED: Final = KINDS | {_WHOSE}
"""Parameters that are checked, by name."""
_FREE: Final = frozenset({"reader", "may"})
"""What a desk says of itself, and of nobody else."""
_MISSING: Final[Mapping[str, Callable[[str], IcalsyncError]]] = MappingProxyType(
    {
        "appointment_id": lambda name: AppointmentUnknown(name=name),
        "blocked_slot_id": lambda name: NotFound(kind="blocked slot", name=name),
        "drift_id": lambda name: NotFound(kind="drift", name=name),
        "invitation_id": lambda name: NotFound(kind="invitation", name=name),
        "integration_id": lambda name: UnknownIntegration(name=name),
        "calendar_id": lambda name: UnknownCalendar(name=name),
        "alert_id": lambda name: NotFound(kind="alert", name=name),
    }
)
"""What is said where there is no such thing; the same where it is somebody else's."""


class Guarded:
    """What every part of a desk stands on.

    Each public method a subclass defines is wrapped: one that the table ``core.access.DESK`` does not name cannot be defined, and none runs
    before role, sub-account and ids are checked. A question (``core.access.QUESTIONS``) is checked and answered in one look at
    the database.
    """

    _in_one_look = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, member in list(vars(cls).items()):
            if name.startswith("_") or name in _FREE:
                continue
            if not inspect.isfunction(member) or name not in DESK:
                raise TypeError(f"{cls.__name__}.{name} is not in the table of what a desk's methods need")
            setattr(cls, name, _guarded(name, member))

    def __init__(self, parts: Parts, reader: Reader) -> None:
        """``parts`` already act in the reader's name."""
        self._parts = parts
        self._reader = reader

    @property
    def reader(self) -> Reader:
        """Who sits at the desk."""
        return self._reader

    def may(self, method: str) -> bool:
        """Whether the reader's role includes a method of the desk; to leave out what would only be refused."""
        return method in DESK and self._reader.may(DESK[method])

    def at_once(self, questions: Callable[[Self], Answer]) -> Answer:
        """What several questions to the desk make, asked in one look at the database of one moment: ``desk.at_once(lambda one: …)``.

        They only ask: where one of them does something, or something has to be expanded first, all of them are asked again outside.
        """
        with plainly():
            if self._in_one_look:
                return questions(self)
            try:
                with at_one_moment(self._parts) as (held, _):
                    return questions(self._at(held))
            except OnlyRead:
                return questions(self)

    # --- for the parts, not for pages ---------------------------------------------------------------------------------------------

    def _accounts(self, sub_account: str | None) -> list[str]:
        """The sub-accounts a question is about: the one that was named, else all of the reader's."""
        if sub_account is not None:
            return [str(self._parts.people.sub_account(sub_account)["sub_account"])]
        return [row["sub_account"] for row in self._parts.people.sub_accounts() if self._reader.covers(row["sub_account"])]

    def _users(self, sub_account: str | None, user: str | None = None) -> list[Row]:
        """Rows of ``users`` that a question is about. ``UnknownUser``."""
        if sub_account is not None and user is not None:
            return [self._parts.people.user(sub_account, user)]
        return [row for account in self._accounts(sub_account) for row in self._parts.people.users(account)]

    def _named(self) -> dict[tuple[str, str], str]:
        """The names of the reader's users."""
        return {(row["sub_account"], row["user_id"]): row["name"] for row in self._users(None)}

    def _served(self) -> dict[str, list[Row]]:
        """Whom of the reader's users each account serves: ``sub_account, user_id, name``."""
        rows = self._parts.sharing.connections()
        return {row["integration_id"]: [user for user in row["users"] if self._reader.covers(user["sub_account"])] for row in rows}

    def _integrations(self) -> dict[str, bool]:
        """The accounts that serve the reader's users, and whether each also serves others."""
        serves = self._parts.belonging.serves()
        return {each: self._is_elsewhere(accounts) for each, accounts in serves.items() if self._reader.covers_any(accounts)}

    @property
    def _sees_titles(self) -> bool:
        return self._reader.may(Action.TITLES)

    @property
    def _sees_all(self) -> bool:
        return self._reader.sub_accounts is None

    def _is_elsewhere(self, sub_accounts: Iterable[str]) -> bool:
        """Whether something also belongs to sub-accounts that are not the reader's: all that is told of them."""
        return not all(self._reader.covers(name) for name in sub_accounts)

    def _at(self, held: Parts) -> Self:
        """The same desk over one moment of the database."""
        mine = copy(self)
        mine._parts, mine._in_one_look = held, True  # noqa: SLF001  # its own
        return mine

    def _check(self, action: Action) -> None:
        if not self._reader.may(action):
            raise NotAllowed(role=self._reader.role)

    def _check_mine(self, sub_account: object) -> None:
        if not isinstance(sub_account, str) or not sub_account or not self._reader.covers(sub_account):
            raise UnknownSubAccount(name=_said(sub_account))

    def _check_owned(self, kind: str, identifier: object) -> None:
        if not isinstance(identifier, str) or not identifier:
            raise _MISSING[kind](_said(identifier))
        owners = self._parts.belonging.owners(kind, identifier)
        if owners is None or not self._reader.covers_any(owners):
            raise _MISSING[kind](identifier)

    def _check_alone(self, sub_accounts: Iterable[str]) -> None:
        """A decision that others feel is for somebody who answers for all of them: ``SharedDecision``."""
        if self._is_elsewhere(sub_accounts):
            raise SharedDecision(role=self._reader.role)


@contextmanager
def plainly() -> Iterator[None]:
    """Where the database, or an account, is in somebody else's hands, that is said without its place and without a process's number."""
    try:
        yield
    except StoreLocked as error:
        raise StoreInUse from error
    except AnotherSyncIsRunning as error:
        raise SyncUnderWay from error


def _said(name: object) -> str:
    """What was given in a name's place, as a refusal repeats it."""
    return name if isinstance(name, str) else ""


def _guarded(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(method)
    # None is an answer to "whose?" only where the method itself says so, by its default
    guarded_names = {each: parameter.default is None for each, parameter in signature.parameters.items() if each in _GUARDED}

    def checked(desk: Guarded, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = signature.bind(desk, *args, **kwargs).arguments
        for each, optional in guarded_names.items():
            if each not in given or (optional and given[each] is None):
                continue
            if each == _WHOSE:
                desk._check_mine(given[each])  # noqa: SLF001  # the guard is part of the desk
            else:
                desk._check_owned(each, given[each])  # noqa: SLF001
        return method(desk, *args, **kwargs)

    @wraps(method)
    def guarded(desk: Guarded, *args: Any, **kwargs: Any) -> Any:
        desk._check(DESK[name])  # noqa: SLF001
        with plainly():
            if desk._in_one_look and name not in READINGS:  # noqa: SLF001
                raise OnlyRead
            if name not in QUESTIONS or desk._in_one_look:  # noqa: SLF001
                return checked(desk, args, kwargs)
            try:
                with at_one_moment(desk._parts) as (held, _):  # noqa: SLF001
                    return checked(desk._at(held), args, kwargs)  # noqa: SLF001
            except OnlyRead:  # something has to be expanded or compared first, which is done outside
                return checked(desk, args, kwargs)

    return guarded
