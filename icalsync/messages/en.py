"""The English catalogue."""

from __future__ import annotations

from typing import Final

GUIDE_URL: Final = "https://appleid.apple.com/"
GUIDE_CHECKED_ON: Final = "2026-11-22"
"""The day the address and the click path below were last taken from their source; Apple moves both now and then."""

APP_PASSWORD_STEPS: Final = (
    f"Sign in at {GUIDE_URL} with your Apple Account.",
    "Under Security, turn on two-factor authentication if it is still off.",
    'Under App-specific passwords, choose "Generate password".',
    'Give it a label (for example "Booking calendar") and click Create.',
    "Copy the password (it looks like xxxx-xxxx-xxxx-xxxx) and keep it safe: Apple shows it only once.",
)

_GUIDE = " ".join(f"{n}. {step}" for n, step in enumerate(APP_PASSWORD_STEPS, 1))
_REVOKED = (
    "Apple revokes every app-specific password when the account's own password changes; the account name must be the "
    "primary sign-in address, not an alias."
)

ERRORS: Final[dict[str, tuple[str, str]]] = {
    "ERROR": ("Something went wrong.", "Run the command again with --debug and report what it prints."),
    "UNEXPECTED": ("Something went wrong inside icalsync: {what}.", "Run the command again with --debug and report what it prints."),
    "INTERRUPTED": ("Stopped on request; what was finished is kept.", "Run the command again to go on."),
    "FILE_PROBLEM": ("{path} cannot be used: {why}.", "Check that it exists and that you may read and write it."),
    "INPUT_ERROR": ("The input cannot be used.", "Correct it and try again."),
    "USAGE": ("{why}", "See 'icalsync --help', or '--help' after a command."),
    "INVALID_INPUT": ("{what} cannot be {value!r}: {why}.", "Correct {what} and try again."),
    "START_AFTER_END": (
        "The start {start} is not before the end {end}.",
        "Give a start that lies before the end; --from and --to are half-open.",
    ),
    "ALREADY_EXISTS": ("The {kind} {name!r} already exists.", "Choose another name, or use the one that exists."),
    "AMBIGUOUS_NAME": ("{name!r} is the name of several calendars: {candidates}.", "Give the calendar's id instead of its name."),
    "QUERY_REFUSED": ("The query was refused: {why}.", "Only reading is possible here: SELECT over the public views."),
    "NOT_FOUND": ("There is no {kind} {name!r}.", "Check the spelling."),
    "UNKNOWN_SUB_ACCOUNT": (
        "There is no sub-account {name!r}.",
        "See 'icalsync sub-account list', or add it with 'icalsync sub-account add'.",
    ),
    "UNKNOWN_USER": (
        "There is no user {name!r} in sub-account {sub_account!r}.",
        "See 'icalsync user list', or add the user with 'icalsync user add'.",
    ),
    "UNKNOWN_INTEGRATION": ("There is no integration {name!r}.", "See 'icalsync integrations'."),
    "UNKNOWN_CALENDAR": ("There is no calendar {name!r} for this user.", "See 'icalsync calendars SUB_ACCOUNT USER' for names and ids."),
    "UNKNOWN_VIEW": ("There is no view {name!r}.", "Choose one of: {known}."),
    "NOT_CONNECTED": ("Integration {integration_id} does not serve user {user_id!r}.", "See 'icalsync integrations SUB_ACCOUNT USER'."),
    "BEFORE_RETENTION": ("Nothing is kept from before {limit}; {moment} lies before it.", "Ask for a later moment."),
    "PASSWORD_FORM": (
        "This is not an app-specific password (xxxx-xxxx-xxxx-xxxx); nothing was sent to Apple.",
        "Do not use the Apple Account's own password. Make an app-specific one: " + _GUIDE,
    ),
    "PASSWORD_MISSING": (
        "No password was given, and there is no terminal to ask for it.",
        "Use --password-stdin, or set ICALSYNC_PASSWORD for this command.",
    ),
    "CONFIRMATION_NEEDED": ("This needs an explicit yes: {what}", "Add --yes if that is what you want."),
    "URL_REFUSED": ("The address {url!r} cannot be used: {why}.", "Give the https:// address of the CalDAV account."),
    "INSECURE_URL": ("Plain http to {host} would show the password to everyone on the way; nothing was sent.", "Use the https:// address."),
    "PRIVATE_HOST": (
        "{host} is a private or loopback address ({address}); nothing was sent.",
        "If this server may be reached on purpose, set ICALSYNC_ALLOW_PRIVATE_HOSTS=true.",
    ),
    "SINGLE_CALENDAR_URL": (
        "{url} is the address of a single calendar, not of an account.",
        "Give the server's or the account's address; its calendars are found from there, and chosen afterwards with 'link' and 'conflicts'.",
    ),
    "NOT_SELECTABLE": (
        "The calendar {name!r} cannot be chosen: {reason}",
        "Choose another calendar; 'icalsync calendars' shows which can be chosen.",
    ),
    "ANOTHER_PRINCIPAL": (
        "The sign-in worked, but it belongs to another account than integration {integration_id}; nothing was changed.",
        "Sign in with the account this integration was made for, or use 'icalsync connect' for the other one.",
    ),
    "DEPENDENCY_MISSING": ("This needs {package}, which is not installed.", "Install it with: pip install 'icalsync[{extra}]'"),
    "SETTINGS_INVALID": ("The setting {name} cannot be read: {why}.", "Correct it in the environment or in the settings file."),
    "PERSON_NEEDED": ("A person has to act first.", "See the message."),
    "CALENDAR_READ_ONLY": (
        "The calendar {name!r} cannot be linked: this account has no author access (write) to it, or the server does not say.",
        "Ask the calendar's owner for author access and run 'icalsync sync', choose another calendar, or, if you know that it is writable, "
        "add --assume-writable (this is logged). As a conflict calendar, read access is enough.",
    ),
    "SECRET_ERROR": ("The secret store failed.", "Check the secret store's settings."),
    "SECRET_NOT_FOUND": (
        "There is no stored password for integration {integration_id}.",
        "Run 'icalsync reconnect {integration_id}' and enter it again.",
    ),
    "SECRET_STORE_UNAVAILABLE": (
        "There is no safe place to keep the password: {why}.",
        "Set ICALSYNC_SECRET_KEY_FILE to a file outside the data directory; it is created with a new key, readable by you alone.",
    ),
    "SECRET_KEY_MISSING": (
        "Passwords are stored encrypted, but their key {path} is missing.",
        "Put the key back (or set ICALSYNC_SECRET_KEY_FILE). If it is lost for good, delete the encrypted file {store} and reconnect each account.",
    ),
    "SECRET_KEY_WRONG": (
        "The key {path} does not open the stored passwords.",
        "Use the key the passwords were stored with. If it is lost for good, delete the encrypted file {store} and reconnect each account.",
    ),
    "SECRET_FILE_UNSAFE": ("{path} can be read by other people on this machine (mode {mode}).", "Run: chmod 600 {path}"),
    "SECRET_DAMAGED": (
        "{path} is not as icalsync wrote it: {why}.",
        "Restore the file from a backup, or delete it and run 'icalsync reconnect' for each account.",
    ),
    "SECRET_GIVEN_ELSEWHERE": (
        "The password of integration {integration_id} comes from {where}, which icalsync only reads; the new one was not stored.",
        "Change it there; or remove it there and run 'icalsync reconnect {integration_id}'.",
    ),
    "SERVER_ERROR": ("The server {host} answered something unexpected.", "Try again later."),
    "SERVER_UNREACHABLE": (
        "{host} cannot be reached: {why}.",
        "Check the address and the network, and try again; what is stored is kept.",
    ),
    "HOST_UNKNOWN": ("The host name {host} does not exist or cannot be resolved.", "Check the spelling of the address, and the network."),
    "SERVER_TIMED_OUT": ("{host} did not answer within {seconds:g} s.", "Try again later."),
    "SERVER_BUSY": ("{host} asks for patience (retry after: {retry_after} s).", "Wait; the next sync tries again by itself."),
    "SERVER_FAILED": ("{host} failed (status {status}).", "Try again later; what is stored is kept."),
    "CERTIFICATE_INVALID": (
        "The certificate of {host} cannot be trusted ({why}); no password was sent.",
        "Check the address. If the server is your own, install a valid certificate, or add its authority to this machine's trust store.",
    ),
    "AUTHENTICATION_REJECTED": (
        "{host} rejects the account name or the password of {account}.",
        "Check the account name and the password, and try again ('icalsync reconnect' for an account already connected). For iCloud it must be an app-specific password: "
        + _REVOKED
        + " Steps: "
        + _GUIDE,
    ),
    "ACCESS_DENIED": ("{host} denies access to {path}.", "Ask the calendar's owner for access, or check the account's rights."),
    "CALENDAR_GONE": (
        "The collection {path} is no longer on the server.",
        "Nothing was deleted here; the account is discovered anew at the next sync.",
    ),
    "SYNC_TOKEN_INVALID": ("The server no longer accepts the sync token of {path}.", "Nothing to do: the calendar is listed in full."),
    "PRECONDITION_FAILED": ("{path} was changed on the server meanwhile.", "Nothing to do: it is read again first."),
    "UNSUPPORTED": ("The server does not offer {what} for {path}.", "Nothing to do: another way is taken."),
    "NOT_CALDAV": (
        "{host} answers, but is no CalDAV server: {why}.",
        "Check the address; it is the CalDAV address that is needed, not the website's.",
    ),
    "REDIRECT_REFUSED": (
        "{host} redirects to {target}, which is not followed: {why}.",
        "Check the address; give the server's final address if you trust it.",
    ),
    "ANSWER_TOO_LARGE": (
        "{host} sent more than {limit} bytes in one answer; it was dropped.",
        "If the calendar is really that large, raise ICALSYNC_MAX_ANSWER_BYTES.",
    ),
    "PROTOCOL_VIOLATION": ("{host} sent an answer for {path} that cannot be read: {why}.", "Nothing was changed here; try again later."),
    "SYNC_REFUSED": ("The sync was refused.", "See the message."),
    "ANOTHER_SYNC_IS_RUNNING": ("Another sync of integration {integration_id} is running ({holder}).", "Wait for it to end and try again."),
    "LEASE_LOST": (
        "Another process took over the sync of integration {integration_id}; this one's result was thrown away.",
        "Nothing to do: the other one's result stands.",
    ),
    "READER_UNAVAILABLE": (
        "Calendar objects cannot be read: the process that reads them does not start ({why}).",
        "Nothing was changed; free some memory or processes on this machine and try again.",
    ),
    "STORE_ERROR": ("The database failed ({why}).", "Try again; if it goes on, run the command with --debug and report what it prints."),
    "STORE_LOCKED": ("The database {path} is in use by another process ({holder}).", "Close that process, or try again in a moment."),
    "STORE_FULL": ("There is no room left to write {path}; the change was undone.", "Free some disk space and try again."),
    "NOT_A_DATABASE": ("{path} is not an icalsync database: {why}.", "Set ICALSYNC_DATABASE to another file; this one was left untouched."),
    "STORE_UNSAFE": ("The database cannot be kept at {path}: {why}.", "Choose a local directory that only you can write to."),
    "DATABASE_MISSING": (
        "The database {path} existed, and is gone or empty.",
        "Restore it from a backup. To start anew on purpose, delete {marker} first.",
    ),
    "SCHEMA_TOO_NEW": (
        "{path} was written by a newer icalsync (schema {found}; this one knows {known}).",
        "Upgrade icalsync; the file was left untouched.",
    ),
    "MIGRATION_FAILED": ("Updating {path} failed at step {step}; the file is as it was.", "Keep the file, and report what --debug prints."),
}

SENTENCES: Final[dict[str, str]] = {
    # why a collection cannot be chosen (R10)
    "not_selectable.SUBSCRIBED": "It is a subscription (a URL); iCloud does not let others read it. Connect it where it comes from.",
    "not_selectable.REMINDERS": "It is a list of reminders, and holds no events.",
    "not_selectable.INBOX": "It is the inbox for invitations, not a calendar.",
    "not_selectable.OUTBOX": "It is the outbox for invitations, not a calendar.",
    "not_selectable.NOTIFICATIONS": "It is the collection of notifications, not a calendar.",
    "not_selectable.NO_EVENTS": "It does not hold events.",
    "not_selectable.NOT_A_CALENDAR": "It is not a calendar.",
    "not_selectable.NO_READ_ACCESS": "This account may not read it.",
    "not_selectable.GONE": "It is no longer on the server.",
    # what to do about a partial result of a sync
    "next.REMOVALS_HELD": "Many events vanished at once; they are kept until a later listing shows the same. If that is right: icalsync sync --confirm-deletions CALENDAR",
    "next.UNCLEAN_LISTING": "The server's listing was not whole; nothing was removed, and the next sync tries again.",
    "next.NOT_DELIVERED": "The server listed events it did not deliver; until it does, this calendar's time is unknown. The next sync tries again.",
    # why a calendar with a role is no longer pulled
    "next.SUBSCRIBED": "It has become a subscription (a URL), which cannot be read here; choose another calendar.",
    "next.REMINDERS": "It holds reminders and no events any more; choose another calendar.",
    "next.INBOX": "It is the inbox for invitations; choose another calendar.",
    "next.OUTBOX": "It is the outbox for invitations; choose another calendar.",
    "next.NOTIFICATIONS": "It is the collection of notifications; choose another calendar.",
    "next.NO_EVENTS": "It does not hold events any more; choose another calendar.",
    "next.NOT_A_CALENDAR": "It is no calendar any more; choose another one.",
    "next.NO_READ_ACCESS": "This account may no longer read it: let its owner share it again, or choose another calendar.",
    # what lowers coverage (R12)
    "coverage.never_pulled": "It has never been pulled.",
    "coverage.stale": "Its last clean pull is too long ago: icalsync sync",
    "coverage.failing": "It could not be pulled.",
    "coverage.access_lost": "Access to it was lost.",
    "coverage.unreadable": "It holds objects that cannot be read.",
    # warnings and remarks
    "warn.linked_is_no_conflict": "Bookings made in the linked calendar itself no longer block availability (R5).",
    "warn.unlink_leaves_events": "What was written to the calendar stays there.",
    "warn.access_unknown": "The server does not say whether this calendar can be written; this is a person's decision, and is logged.",
    "warn.incomplete": "This answer is incomplete.",
    "warn.no_conflict_calendar": "No calendar blocks the time of {users}: only the system's own bookings count. See: icalsync conflicts add",
    # the dashboard
    "page.availability": "Availability",
    "page.connections": "Connections",
    "page.calendars": "Calendars",
    "page.asking": "Asking the database …",
    "page.no_answer": "There is no answer to show.",
    "page.again": "Try again",
    "page.user": "User",
    "page.week_from": "Seven days from",
    "page.length": "Length of a slot",
    "page.date": "Day",
    "page.free_slots": "Free slots begin at",
    "page.busy": "What blocks the rest",
    "page.time": "Time",
    "page.what": "What it is",
    "page.day": "{weekday} {day}",
    "page.weekdays": "Mon Tue Wed Thu Fri Sat Sun",
    "page.whole_day": "the whole day",
    "page.no_slot": "no slot",
    "page.past": "past",
    "page.nothing_blocks": "nothing",
    "page.block": "{time}  {why} · {where}",
    "page.picture": "Seven days, a strip per day: what blocks, and where free slots lie. The list below says the same in words.",
    "page.zone": "Times are in {zone}.",
    "page.terms": "Times are in {zone}. Opening hours: {weekly}.",
    "page.complete": "Complete: every conflict calendar was pulled; the oldest clean pull is of {as_of}.",
    "page.incomplete": "Incomplete: some conflict calendars may hold more than is known here.",
    "page.no_conflicts": "No calendar blocks this user's availability: only opening hours and bookings count. See 'icalsync conflicts add --help'.",
    "page.missing": "{calendar} ({code}): {why}",
    "page.state.never_pulled": "it has never been pulled; run 'icalsync sync'.",
    "page.state.stale": "its last clean pull is too long ago; run 'icalsync sync'.",
    "page.state.failing": "it could not be pulled; the page Connections says why.",
    "page.state.access_lost": "access to it was lost; ask its owner, or choose another calendar.",
    "page.state.unreadable": "it holds objects that cannot be read.",
    "page.unknown.refuse": "Time that is not known counts as taken: no slot is offered there (policy unknown=refuse).",
    "page.unknown.warn": "Time that is not known is offered all the same (policy unknown=warn): check before booking.",
    "page.busyness.FREE": "Free slot",
    "page.busyness.BUSY": "Busy",
    "page.busyness.BUSY_TENTATIVE": "Tentative",
    "page.busyness.BUSY_UNAVAILABLE": "Away",
    "page.busyness.UNKNOWN": "Not known",
    "page.reason.UNREADABLE": "Not known: it cannot be read",
    "page.reason.OWN_APPOINTMENT": "Booked",
    "page.reason.ALL_DAY": "All-day event",
    "page.reason.UNANSWERED": "Invitation, not answered",
    "page.reason.TENTATIVE": "Tentative",
    "page.reason.BUSY": "Busy",
    "page.reason.TRAVEL": "Travel time",
    "page.reason.BLOCKED_SLOT": "Blocked",
    "page.reason.NOT_COVERED": "Not known: see above",
    "page.reason.DRIFT": "A booking as it was changed in its calendar",
    "page.source.appointment": "a booking made here",
    "page.source.blocked_slot": "a blocked slot made here",
    "page.account": "Account",
    "page.health": "Health",
    "page.last_success": "Last success",
    "page.serves": "Serves",
    "page.all_well": "All connected accounts are well ({all}).",
    "page.some_ill": "{ill} of {all} connected accounts need attention; they come first.",
    "page.more_accounts": "The first {shown} of {all} are shown; see 'icalsync integrations' for all.",
    "page.status.ok": "Well",
    "page.status.throttled": "The server asks for patience",
    "page.status.unreachable": "Out of reach",
    "page.status.reauthentication_needed": "Needs its password again",
    "page.status.failing": "Failing",
    "page.next.throttled": "Nothing to do: the next sync tries again.",
    "page.next.unreachable": "What is stored is kept; the next sync tries again. Until then this account's calendars count as not known.",
    "page.next.reauthentication_needed": "Run 'icalsync reconnect {integration_id}'; it says how to get the right password. Until then this account's calendars count as not known.",
    "page.next.failing": "Run 'icalsync sync'; it says what fails. Until then this account's calendars count as not known.",
    "page.calendar": "Calendar",
    "page.role": "Role",
    "page.role.LINKED": "Linked",
    "page.role.CONFLICT": "Conflict",
    "page.role.none": "–",
    "page.may": "May be used",
    "page.may.write": "As linked and as conflict calendar",
    "page.may.read": "As conflict calendar only: this account cannot write to it",
    "page.may.not": "Cannot be chosen: {why}",
    "page.objects": "Events",
    "page.last_synced": "Last pulled",
    "page.nothing_connected": "No account is connected yet.",
    "page.nothing_connected_next": "Connect one: icalsync connect --help",
    "page.nobody": "There is no user yet.",
    "page.nobody_next": "This is the database {path}.\nIf it is the wrong one, set ICALSYNC_DATABASE and start again. Else add a user: icalsync sub-account add --help, icalsync user add --help",
}
