"""The errors of icalsync, as one tree. Each leaf says what happened, to what, and the next step.

    IcalsyncError
    ├── InputError                  FIX_INPUT       2  what was given cannot be right; nothing was tried
    │   ├── InvalidInput · StartAfterEnd · AlreadyExists · AmbiguousName · QueryRefused
    │   ├── NotFound                · UnknownSubAccount · UnknownUser · UnknownIntegration · UnknownCalendar
    │   │                           · UnknownView · NotConnected · BeforeRetention
    │   │                           · AppointmentUnknown
    │   ├── PasswordForm            R1: not the form of an app-specific password
    │   ├── UrlRefused              · InsecureUrl · PrivateHost · SingleCalendarUrl
    │   ├── NotSelectable           R10: a collection that can have no role
    │   ├── AnotherPrincipal        reconnected to somebody else's account
    │   ├── ChoiceChanged           somebody else chose other calendars meanwhile
    │   ├── PasswordMissing         nobody can be asked for it
    │   ├── ConfirmationNeeded      an explicit yes is needed, and nobody can be asked
    │   └── DependencyMissing       an optional part is not installed
    ├── SettingsInvalid             FIX_SETTINGS    2
    ├── PersonNeeded                ASK             3  nothing can proceed until a person acts
    │   ├── CalendarReadOnly        R3: the linked calendar needs author access
    │   ├── NotAllowed              the reader's role does not reach so far  · ReaderUnknown · ReaderUnverified · SharedDecision
    │   ├── SignInRefused           · SignInLocked (S11) · SessionEnded
    │   ├── PublicWithoutSignIn     a dashboard that anybody could open
    │   ├── InvitationInvalid       expired, used, revoked or unknown: which, nobody is told  · InvitationInUse
    │   └── SecretError             · SecretNotFound · SecretStoreUnavailable · SecretKeyMissing · SecretKeyWrong
    │                               · SecretFileUnsafe · SecretDamaged · SecretGivenElsewhere
    ├── ServerError                 (says the host, never the credentials)
    │   ├── ServerUnreachable       RETRY           1  · HostUnknown · ServerTimedOut · ServerBusy(retry_after)
    │   ├── ServerFailed            RETRY           1  a 5xx, or an answer cut short
    │   ├── CertificateInvalid      ASK             1
    │   ├── AuthenticationRejected  REAUTHENTICATE  3  a new app-specific password is needed
    │   ├── AccessDenied            SKIP_CALENDAR   1  a bare 403
    │   ├── CalendarGone            REDISCOVER      1  404 or 410 on the collection itself
    │   ├── SyncTokenInvalid        RELIST          1  DAV:valid-sync-token, whatever the status
    │   ├── PreconditionFailed      REPLAN          1  412: the ETag moved
    │   ├── UidConflict             REPLAN          1  the UID exists elsewhere
    │   ├── ObjectRefused           SKIP_CALENDAR   1  the server will not take this event
    │   ├── Unsupported             RELIST          1  the server does not offer this request
    │   ├── NotCalDav               ASK             1  an answer, but not CalDAV
    │   ├── RedirectRefused         ASK             1  to another site, or round in circles
    │   ├── AnswerTooLarge          SKIP_CALENDAR   1
    │   └── ProtocolViolation       SKIP_CALENDAR   1  an answer that cannot be read
    ├── SlotNotBookable             ABORT           1  R14: closed, taken, too near, or not known
    ├── SyncRefused                                 1
    │   ├── AnotherSyncIsRunning    RETRY           names the holder  · SyncUnderWay, which does not
    │   ├── AnotherWatcher          RETRY
    │   ├── HostHeld                RETRY           the host asked for patience, and that is not over
    │   ├── SyncStopped             RETRY           ended on request, with nothing lost
    │   └── LeaseLost               REPLAN
    ├── ReaderUnavailable           RETRY           1  the process that reads objects does not start
    └── StoreError
        ├── StoreLocked             RETRY           1  names the holder  · StoreInUse, which does not
        ├── StoreFull               RETRY           1
        ├── NotADatabase            FIX_SETTINGS    2
        ├── StoreUnsafe             FIX_SETTINGS    2  a place or a mode that cannot keep it safe
        ├── DatabaseMissing         ASK             3  there was one, and it is gone
        ├── SchemaTooNew            ASK             3
        └── MigrationFailed         ABORT           3

An object that cannot be understood is a value (``core.model.Rejected``), not an exception: it is quarantined and lowers coverage.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, ClassVar

from icalsync.messages import next_step_of, say, where_listed


class Disposition(Enum):
    """What the caller, or the person, should do about an error."""

    FIX_INPUT = "fix_input"
    FIX_SETTINGS = "fix_settings"
    RETRY = "retry"
    REAUTHENTICATE = "reauthenticate"
    SKIP_CALENDAR = "skip_calendar"
    REDISCOVER = "rediscover"
    RELIST = "relist"
    REPLAN = "replan"
    ASK = "ask"
    ABORT = "abort"


class IcalsyncError(Exception):
    """Everything icalsync raises on purpose; ``code``, ``message`` and ``next_step`` are for people and programs alike.

    Both are said in the language of the thread that reads them: an error that work beside it raised speaks its reader's too.
    """

    code: ClassVar[str] = "ERROR"
    disposition: ClassVar[Disposition] = Disposition.ABORT
    exit_code: ClassVar[int] = 1

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """What happened, to what."""
        return say(self.code, **self.facts)

    @property
    def next_step(self) -> str:
        """What a person should do about it."""
        return next_step_of(self.code, **self.facts)

    def __reduce__(self) -> tuple[Any, ...]:
        return _revive, (type(self), self.facts)

    def as_dict(self) -> dict[str, str]:
        """The error as the one object ``--json`` prints on standard error (design.md §5)."""
        return {"error": self.code, "message": self.message, "next_step": self.next_step}


def _revive(cls: type[IcalsyncError], facts: dict[str, Any]) -> IcalsyncError:
    return cls(**facts)


class InputError(IcalsyncError):
    """What was given cannot be right, and nothing was tried."""

    code = "INPUT_ERROR"
    disposition = Disposition.FIX_INPUT
    exit_code = 2


class InvalidInput(InputError):
    """One value has the wrong form: ``what``, ``value``, ``why``."""

    code = "INVALID_INPUT"

    @property
    def message(self) -> str:
        """Which value, and why; one that is empty is not quoted."""
        return say("invalid.empty", **self.facts) if self.facts.get("value") == "" else super().message


class StartAfterEnd(InputError):
    """A window or a slot that ends before it starts: ``start``, ``end``."""

    code = "START_AFTER_END"


class AlreadyExists(InputError):
    """A name that is taken: ``kind``, ``name``."""

    code = "ALREADY_EXISTS"


class AmbiguousName(InputError):
    """A display name that several calendars bear: ``name``, ``candidates``."""

    code = "AMBIGUOUS_NAME"


class QueryRefused(InputError):
    """An SQL text that does not only read: ``why``."""

    code = "QUERY_REFUSED"


class NotFound(InputError):
    """Something named does not exist: ``kind``, ``name``; ``see`` says which command lists what there is, and is added by itself."""

    code = "NOT_FOUND"

    @property
    def next_step(self) -> str:
        """Where to see what there is."""
        listed = {"see": where_listed(self.facts["kind"])} if "kind" in self.facts else {}
        return next_step_of(self.code, **listed | self.facts)


class UnknownSubAccount(NotFound):
    """No such sub-account: ``name``."""

    code = "UNKNOWN_SUB_ACCOUNT"


class UnknownUser(NotFound):
    """No such user in that sub-account: ``sub_account``, ``name``."""

    code = "UNKNOWN_USER"


class UnknownIntegration(NotFound):
    """No such integration: ``name``."""

    code = "UNKNOWN_INTEGRATION"


class UnknownCalendar(NotFound):
    """No such calendar for that user: ``name``."""

    code = "UNKNOWN_CALENDAR"


class UnknownView(NotFound):
    """No such public view: ``name``, ``known``."""

    code = "UNKNOWN_VIEW"


class NotConnected(NotFound):
    """That integration does not serve that user: ``user_id``, ``integration_id``."""

    code = "NOT_CONNECTED"


class BeforeRetention(NotFound):
    """A moment before which nothing is kept: ``moment``, ``limit`` (R16)."""

    code = "BEFORE_RETENTION"


class AppointmentUnknown(NotFound):
    """No such appointment: ``name``."""

    code = "APPOINTMENT_UNKNOWN"


class PasswordForm(InputError):
    """R1: an iCloud password that is not of the app-specific form. Never carries the password."""

    code = "PASSWORD_FORM"


class PasswordMissing(InputError):
    """There is no terminal to ask for a password, and none was given."""

    code = "PASSWORD_MISSING"


class ConfirmationNeeded(InputError):
    """A step that needs an explicit yes: ``what`` (a sentence)."""

    code = "CONFIRMATION_NEEDED"


class UrlRefused(InputError):
    """A server address that cannot be used: ``url``, ``why``."""

    code = "URL_REFUSED"


class InsecureUrl(UrlRefused):
    """Plain http to a host that is not loopback: ``host``."""

    code = "INSECURE_URL"


class PrivateHost(UrlRefused):
    """A private, loopback or link-local address without leave: ``host``, ``address``."""

    code = "PRIVATE_HOST"


class SingleCalendarUrl(UrlRefused):
    """The address of one calendar where an account's is needed: ``url``."""

    code = "SINGLE_CALENDAR_URL"


class NotSelectable(InputError):
    """R10: a collection that can have no role: ``name``, ``reason`` (a sentence)."""

    code = "NOT_SELECTABLE"


class AnotherPrincipal(InputError):
    """A reconnect that arrived at another account: ``integration_id``."""

    code = "ANOTHER_PRINCIPAL"


class ChoiceChanged(InputError):
    """A choice of calendars made over another one than holds by now: nothing was saved."""

    code = "CHOICE_CHANGED"


class DependencyMissing(InputError):
    """An optional part is not installed: ``package``, ``extra``."""

    code = "DEPENDENCY_MISSING"


class SettingsInvalid(IcalsyncError):
    """A setting cannot be read: ``name``, ``why``."""

    code = "SETTINGS_INVALID"
    disposition = Disposition.FIX_SETTINGS
    exit_code = 2


class PersonNeeded(IcalsyncError):
    """Nothing can proceed until a person does what ``next_step`` says."""

    code = "PERSON_NEEDED"
    disposition = Disposition.ASK
    exit_code = 3


class CalendarReadOnly(PersonNeeded):
    """R3: the linked calendar needs author access: ``name``."""

    code = "CALENDAR_READ_ONLY"


class NotAllowed(PersonNeeded):
    """What somebody wants is not for their role: ``role``. What lies elsewhere does not exist for them, and is a ``NotFound``."""

    code = "NOT_ALLOWED"


class SharedDecision(NotAllowed):
    """A decision that users of other sub-accounts feel, too: for somebody who answers for all of them. ``role``."""

    code = "SHARED_DECISION"


class ReaderUnknown(NotAllowed):
    """Somebody whom the provider vouches for, and the settings do not name: ``email``."""

    code = "READER_UNKNOWN"


class ReaderUnverified(NotAllowed):
    """Somebody whose e-mail address the provider does not vouch for."""

    code = "READER_UNVERIFIED"


class SignInRefused(PersonNeeded):
    """A name and a password that do not belong together; it does not say which of them is wrong (S11)."""

    code = "SIGN_IN_REFUSED"


class SignInLocked(SignInRefused):
    """Too many wrong passwords, for a name that may or may not exist, or from one place: ``wait`` (in words), ``seconds`` (S11)."""

    code = "SIGN_IN_LOCKED"


class SessionEnded(SignInRefused):
    """A session that is over: signed out, idle for too long, too old, or its reader removed."""

    code = "SESSION_ENDED"


class PublicWithoutSignIn(PersonNeeded):
    """A dashboard that others could reach, and nobody would have to sign in to: ``address``."""

    code = "PUBLIC_WITHOUT_SIGN_IN"


class InvitationInvalid(PersonNeeded):
    """A link that does not work: expired, used, revoked or never made; which of these, it does not say."""

    code = "INVITATION_INVALID"


class InvitationInUse(InvitationInvalid):
    """A link under which somebody is connecting at this very moment, or was when their attempt died."""

    code = "INVITATION_IN_USE"


class SecretError(PersonNeeded):
    """The secret store cannot do what was asked. Never carries a secret."""

    code = "SECRET_ERROR"


class SecretNotFound(SecretError):
    """No password is stored for that integration: ``integration_id``."""

    code = "SECRET_NOT_FOUND"


class SecretStoreUnavailable(SecretError):
    """No safe place for secrets: ``why``."""

    code = "SECRET_STORE_UNAVAILABLE"


class SecretKeyMissing(SecretError):
    """Encrypted secrets exist, but their key does not: ``path``."""

    code = "SECRET_KEY_MISSING"


class SecretKeyWrong(SecretError):
    """The key does not open the encrypted secrets: ``path``."""

    code = "SECRET_KEY_WRONG"


class SecretFileUnsafe(SecretError):
    """A key or secret file that others can read: ``path``, ``mode``."""

    code = "SECRET_FILE_UNSAFE"


class SecretDamaged(SecretError):
    """A stored secret that is not as it was written (S17): ``path``, ``why``."""

    code = "SECRET_DAMAGED"


class SecretGivenElsewhere(SecretError):
    """A password that the environment or a mounted file provides, and icalsync only reads: ``integration_id``, ``where``."""

    code = "SECRET_GIVEN_ELSEWHERE"


class ServerError(IcalsyncError):
    """Something between us and a CalDAV server: ``host`` and what was asked, never the credentials."""

    code = "SERVER_ERROR"


class ServerUnreachable(ServerError):
    """No connection, or it broke: ``host``, ``why``."""

    code = "SERVER_UNREACHABLE"
    disposition = Disposition.RETRY


class HostUnknown(ServerUnreachable):
    """The name does not resolve: ``host``."""

    code = "HOST_UNKNOWN"


class ServerTimedOut(ServerUnreachable):
    """A deadline passed: ``host``, ``seconds``."""

    code = "SERVER_TIMED_OUT"


class ServerBusy(ServerUnreachable):
    """429 or 503, or 423 and 425 to a write: ``host``, ``retry_after`` (seconds, or None), ``status``."""

    code = "SERVER_BUSY"


class ServerFailed(ServerError):
    """A 5xx, or an answer cut short: ``host``, ``status``."""

    code = "SERVER_FAILED"
    disposition = Disposition.RETRY


class CertificateInvalid(ServerError):
    """TLS could not be verified; nothing was sent: ``host``, ``why``."""

    code = "CERTIFICATE_INVALID"
    disposition = Disposition.ASK


class AuthenticationRejected(ServerError):
    """401: ``host``, ``account``; for iCloud the sentence names the likely causes (R2)."""

    code = "AUTHENTICATION_REJECTED"
    disposition = Disposition.REAUTHENTICATE
    exit_code = 3


class AccessDenied(ServerError):
    """A bare 403: ``host``, ``path``."""

    code = "ACCESS_DENIED"
    disposition = Disposition.SKIP_CALENDAR


class CalendarGone(ServerError):
    """404 or 410 on the collection itself: ``path``."""

    code = "CALENDAR_GONE"
    disposition = Disposition.REDISCOVER


class SyncTokenInvalid(ServerError):
    """The server refuses our sync token (RFC 6578 §3.2): ``path``."""

    code = "SYNC_TOKEN_INVALID"
    disposition = Disposition.RELIST


class PreconditionFailed(ServerError):
    """412: ``path``."""

    code = "PRECONDITION_FAILED"
    disposition = Disposition.REPLAN


class UidConflict(ServerError):
    """RFC 4791 §5.3.2.1 ``no-uid-conflict``: the UID stands in another resource: ``path``, ``href`` of that one where it is told."""

    code = "UID_CONFLICT"
    disposition = Disposition.REPLAN


class ObjectRefused(ServerError):
    """The server does not take this event, and wrote nothing: ``host``, ``path``, ``status``, ``why`` (the condition it names)."""

    code = "OBJECT_REFUSED"
    disposition = Disposition.SKIP_CALENDAR


class Unsupported(ServerError):
    """The server does not offer this request: ``path``, ``what``."""

    code = "UNSUPPORTED"
    disposition = Disposition.RELIST


class NotCalDav(ServerError):
    """An answer, but not a CalDAV server's: ``host``, ``why``."""

    code = "NOT_CALDAV"
    disposition = Disposition.ASK


class RedirectRefused(ServerError):
    """A redirect to another site, to plain http, or round in circles: ``host``, ``target``, ``why``."""

    code = "REDIRECT_REFUSED"
    disposition = Disposition.ASK


class AnswerTooLarge(ServerError):
    """An answer above the limit, decoded: ``host``, ``limit`` (bytes)."""

    code = "ANSWER_TOO_LARGE"
    disposition = Disposition.SKIP_CALENDAR


class ProtocolViolation(ServerError):
    """An answer that cannot be read: ``host``, ``path``, ``why``."""

    code = "PROTOCOL_VIOLATION"
    disposition = Disposition.SKIP_CALENDAR


class SlotNotBookable(IcalsyncError):
    """R14: a slot that may not be booked now: ``start``, ``end``, ``zone``, ``because`` (codes of ``core.slots.judge``), ``why``."""

    code = "SLOT_NOT_BOOKABLE"


class SyncRefused(IcalsyncError):
    """A sync that must not go on."""

    code = "SYNC_REFUSED"


class AnotherSyncIsRunning(SyncRefused):
    """A fresh lease is held elsewhere: ``integration_id``, ``holder``."""

    code = "ANOTHER_SYNC_IS_RUNNING"
    disposition = Disposition.RETRY


class SyncUnderWay(AnotherSyncIsRunning):
    """The same for readers of the dashboard, who are told neither the process nor the machine."""

    code = "SYNC_UNDER_WAY"


class AnotherWatcher(SyncRefused):
    """Somebody watches this database already (T13): ``path``, ``holder``."""

    code = "ANOTHER_WATCHER"
    disposition = Disposition.RETRY


class HostHeld(SyncRefused):
    """The host asked for patience, and that is not over (H15); nothing was sent: ``integration_id``, ``host``, ``until``."""

    code = "HOST_HELD"
    disposition = Disposition.RETRY


class SyncStopped(SyncRefused):
    """The process was asked to end; what was committed stays, the rest is asked for again: ``integration_id``."""

    code = "SYNC_STOPPED"
    disposition = Disposition.RETRY


class LeaseLost(SyncRefused):
    """Our lease or starting token is no longer the stored one; the result is thrown away: ``integration_id``."""

    code = "LEASE_LOST"
    disposition = Disposition.REPLAN


class ReaderUnavailable(IcalsyncError):
    """The process that reads calendar objects within their budget does not start; nothing was judged: ``why``."""

    code = "READER_UNAVAILABLE"
    disposition = Disposition.RETRY


class StoreError(IcalsyncError):
    """The database cannot do what was asked: ``why`` (the kind of error, never a value)."""

    code = "STORE_ERROR"


class StoreLocked(StoreError):
    """Another process holds the file: ``path``, ``holder``."""

    code = "STORE_LOCKED"
    disposition = Disposition.RETRY


class StoreInUse(StoreLocked):
    """The same for readers of the dashboard, who are told neither the place nor the process."""

    code = "STORE_IN_USE"


class StoreFull(StoreError):
    """The disk is full or a size limit is reached; the transaction is undone: ``path``."""

    code = "STORE_FULL"
    disposition = Disposition.RETRY


class NotADatabase(StoreError):
    """A file that is no (readable) icalsync database: ``path``, ``why``."""

    code = "NOT_A_DATABASE"
    disposition = Disposition.FIX_SETTINGS
    exit_code = 2


class StoreUnsafe(StoreError):
    """A place or a file mode that cannot keep the data safe: ``path``, ``why``."""

    code = "STORE_UNSAFE"
    disposition = Disposition.FIX_SETTINGS
    exit_code = 2


class DatabaseMissing(StoreError):
    """The marker says there was a database, but it is gone (T6, T7): ``path``, ``marker``."""

    code = "DATABASE_MISSING"
    disposition = Disposition.ASK
    exit_code = 3


class SchemaTooNew(StoreError):
    """Written by a newer icalsync: ``path``, ``found``, ``known``."""

    code = "SCHEMA_TOO_NEW"
    disposition = Disposition.ASK
    exit_code = 3


class MigrationFailed(StoreError):
    """A migration did not finish; the file is as it was: ``path``, ``step``."""

    code = "MIGRATION_FAILED"
    exit_code = 3


def was_interrupted(error: BaseException | None) -> bool:
    """Whether Ctrl-C stands behind an error: it may come at any line, and what is then cleaned up may fail in turn."""
    while error is not None:
        # DuckDB takes the signal itself while it works, and raises a bare error of this text instead
        if isinstance(error, KeyboardInterrupt) or (isinstance(error, RuntimeError) and str(error) == "Query interrupted"):
            return True
        error = error.__cause__ or error.__context__
    return False
