"""What an account's owner does on another device: past the protocol, never refused, and never in the ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import unquote

from tests.icloud import calendar_text
from tests.icloud.furniture import apple_uuid, shared_id
from tests.icloud.members import Generated
from tests.icloud.places import collection_href, member_href
from tests.icloud.state import Account, Collection

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.icloud.members import Stored
    from tests.icloud.state import State

_EPOCH: Final = datetime(2026, 1, 1, 9, tzinfo=UTC)
_DAYS: Final = 730


def generated_event(index: int, uid: str) -> str:
    """Half an hour on one of the days of 2026 and 2027, in UTC."""
    start = _EPOCH + timedelta(days=index % _DAYS, minutes=30 * (index // _DAYS % 16))
    times = (start.strftime(calendar_text.UTC_FORM), (start + timedelta(minutes=30)).strftime(calendar_text.UTC_FORM))
    lines = [f"UID:{uid}", "DTSTAMP:20260101T000000Z", f"DTSTART:{times[0]}", f"DTEND:{times[1]}", f"SUMMARY:Appointment {index}"]
    frame = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Apple Inc.//iOS 17.0//EN", "BEGIN:VEVENT"]
    return "\r\n".join([*frame, *lines, "END:VEVENT", "END:VCALENDAR", ""])


class CalendarOwner:
    """One calendar in its owner's hands. Objects are named by their last path segment or by their whole path."""

    def __init__(self, state: State, account: Account, collection: Collection) -> None:
        self._state = state
        self._account = account
        self._collection = collection

    def __len__(self) -> int:
        with self._state.lock:
            return len(self._collection.content.members)

    @property
    def id(self) -> str:
        """The last segment of its path."""
        return self._collection.id

    @property
    def href(self) -> str:
        """Its path, with a slash at the end."""
        return collection_href(self._account, self._collection)

    @property
    def name(self) -> str | None:
        """Its display name."""
        return self._collection.name

    @property
    def token(self) -> str:
        """Its sync token now, which is also its ctag."""
        with self._state.lock:
            return self._state.token(self._account, self._collection)

    # --- objects --------------------------------------------------------------------------------------------------------------

    def href_of(self, name: str) -> str:
        """An object's path."""
        return member_href(self._account, self._collection, _last(name))

    def names(self) -> list[str]:
        """All objects' names."""
        with self._state.lock:
            return [stored.name for stored in self._collection.content.members]

    def text(self, name: str) -> str:
        """An object's text as stored; ``KeyError``."""
        return self._stored(name).text

    def etag(self, name: str) -> str:
        """An object's ETag, quoted; ``KeyError``."""
        return self._stored(name).etag

    def put(self, name: str, text: str) -> str:
        """Create or change an event on a device; its path. ``ValueError`` where its UID stands elsewhere: no device does that."""
        name = _last(name)
        uid = calendar_text.uid_in(text)
        with self._state.lock:
            other = self._account.resource_with_uid(uid) if uid else None
            taken = other is not None and (other[0] is not self._collection or other[1] != name)
            if taken and self._state.switches.uid_elsewhere != "accepted":
                raise ValueError(f"the UID {uid} stands elsewhere in this account")
            self._state.store(self._account, self._collection, name, text, by_device=True)
        return self.href_of(name)

    def touch(self, name: str) -> str:
        """Let an object's ETag move without a change of its text, as housekeeping does (icloud.md §3.5); the new ETag."""
        with self._state.lock:
            stored = self._stored(name)
            return self._state.store(self._account, self._collection, stored.name, stored.text, by_device=stored.by_device).etag

    def delete(self, name: str) -> None:
        """Delete an event; ``KeyError``."""
        with self._state.lock:
            self._state.delete(self._account, self._collection, _last(name))

    def move(self, name: str, other: CalendarOwner) -> str:
        """Drag an event to another calendar of the account: same UID, same name; its new path."""
        with self._state.lock:
            stored = self._stored(name)
            self._state.delete(self._account, self._collection, stored.name, moved=True)
            self._state.store(self._account, other._collection, stored.name, stored.text, by_device=True)
        return other.href_of(stored.name)

    def generate(self, count: int, make: Callable[[int, str], str] = generated_event) -> None:
        """So many events at once, each made from its index and UID when somebody reads it, so that 100,000 cost nothing."""
        with self._state.lock:
            content = self._collection.content
            sequence = self._state.touch(content, None)
            first = self._state.reserve_stamps(count)
            batch = Generated(count, make, lambda index: self._state.spelled(first + index), sequence, self._state.clock.now())
            content.members.generate(batch)

    # --- the calendar itself --------------------------------------------------------------------------------------------------

    def rename(self, name: str | None) -> None:
        """Give it another display name, or none."""
        self._collection.name = name
        self._home_changed()

    def recolor(self, color: str | None) -> None:
        """Give it another colour: ``#RRGGBB``."""
        self._collection.color = color
        self._home_changed()

    def revoke_write(self) -> None:
        """From now on it may only be read."""
        self._collection.writable = False
        self._home_changed()

    def grant_write(self) -> None:
        """From now on it may be written to."""
        self._collection.writable = True
        self._home_changed()

    def remove(self) -> None:
        """Delete the calendar, or leave a shared one."""
        with self._state.lock:
            self._state.remove_collection(self._account, self._collection)

    def bring_back(self) -> None:
        """Undo ``remove``: the same path, the same content."""
        with self._state.lock:
            self._account.collections[self.id] = self._account.removed.pop(self.id)
            self._home_changed()

    def share_with(self, other: AccountOwner, *, writable: bool) -> CalendarOwner:
        """Show it in another account's home, under an id of 64 characters; the calendar as seen from there."""
        with self._state.lock:
            account = other._account
            seen = Collection(
                shared_id(f"{account.name} {self.href}"),
                self.name,
                components=self._collection.components,
                color=self._collection.color,
                sharing="shared",
                writable=writable,
                content=self._collection.content,
            )
            account.collections[seen.id] = seen
            account.sequence = self._state.next_sequence()
        self._collection.sharing = "shared-owner"
        return CalendarOwner(self._state, account, seen)

    def expire_tokens(self, *, visible: bool = True) -> None:
        """Refuse the tokens given out so far; unless ``visible`` the newest stays, so that listings look unchanged."""
        with self._state.lock:
            self._state.expire(self._collection, visible=visible)

    def _home_changed(self) -> None:
        with self._state.lock:
            self._account.sequence = self._state.next_sequence()

    def _stored(self, name: str) -> Stored:
        with self._state.lock:
            stored = self._collection.content.members.get(_last(name))
        if stored is None:
            raise KeyError(name)
        return stored


class AccountOwner:
    """One Apple Account in its owner's hands."""

    def __init__(self, state: State, account: Account) -> None:
        self._state = state
        self._account = account

    @property
    def name(self) -> str:
        """The primary sign-in address."""
        return self._account.name

    @property
    def password(self) -> str:
        """The app-specific password that holds now."""
        return self._account.password

    @property
    def dsid(self) -> str:
        """The account's number."""
        return self._account.dsid

    @property
    def principal(self) -> str:
        """The principal's path."""
        return self._account.principal

    @property
    def home(self) -> str:
        """The home's path."""
        return self._account.home

    def calendars(self) -> list[CalendarOwner]:
        """Every collection that holds objects: calendars, reminders and subscriptions."""
        with self._state.lock:
            rows = self._account.rows()
        return [CalendarOwner(self._state, self._account, row) for row in rows if row.kind in {"calendar", "subscribed"}]

    def calendar(self, which: str) -> CalendarOwner:
        """The calendar of this id, path or display name; ``KeyError`` where there is none or more than one."""
        found = [each for each in self.calendars() if which in {each.id, each.href, each.name}]
        if len(found) != 1:
            raise KeyError(f"{which!r} names {len(found)} calendars of {self.name}")
        return found[0]

    def add_calendar(
        self,
        name: str | None,
        *,
        id: str | None = None,  # noqa: A002  # it is the calendar's id
        components: tuple[str, ...] | None = ("VEVENT",),
        color: str | None = "#1E4C63",
        writable: bool = True,
        sharing: Literal["shared-owner", "shared"] | None = None,
    ) -> CalendarOwner:
        """Make a calendar; without an id it gets a UUID."""
        with self._state.lock:
            sequence = self._state.next_sequence()
            made = Collection(id or apple_uuid(f"{self.name} {sequence}"), name, components=components, color=color)
            made.writable, made.sharing, made.order = writable, sharing, len(self._account.collections)
            made.content.sequence = self._account.sequence = sequence
            self._account.collections[made.id] = made
        return CalendarOwner(self._state, self._account, made)

    def add_alias(self, address: str) -> None:
        """One more address of the same person; it does not sign in (icloud.md §1.2)."""
        self._account.aliases = (*self._account.aliases, address)

    def change_password(self, password: str) -> None:
        """Another app-specific password; the old one is revoked."""
        self._account.password = password

    def turn_calendars(self, on: bool) -> None:
        """Switch Calendar on or off in the iCloud settings; off, the right password is answered with 401."""
        self._account.service = on

    def expire_tokens(self, *, visible: bool = True) -> None:
        """Expire those of every calendar."""
        for calendar in self.calendars():
            calendar.expire_tokens(visible=visible)


def _last(name: str) -> str:
    return unquote(name.rstrip("/").rpartition("/")[2]) if name.startswith("/") else name
