"""What is claimed of iCloud without proof, or contradicted, as switches: a client has to survive both positions (icloud.md, preamble)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Switches:
    """The look-alike's temper. The defaults are what was measured; where nothing was, what is harder for a client.

    Each comment names the section of icloud.md. ``int | None`` is the status of a refusal, None where it is no refusal.
    """

    # --- discovery and hosts (§1.1)
    well_known: Literal["in_place", "redirect"] = "in_place"
    """§1.1.2: 207 in place with the principal's path as href, or 301 to the partition host."""
    redirect: int | None = None
    """§1.1.2: the canonical host sends to the partition host with this status (301, 302, 307, 308)."""
    redirect_what: Literal["root", "account", "everything"] = "everything"
    """Which paths it sends there: ``/`` and the well-known one, what lies below ``/<dsid>/``, or both."""
    principal_row_href: Literal["dsid", "short"] = "dsid"
    """§1.1.7: the row of a PROPFIND on the principal sometimes says ``/principal/``."""
    addresses_told: bool = True
    """§1.1.3: ``calendar-user-address-set``; False answers 404 for it."""
    allprop: Literal["few", "refused"] = "few"
    """§2.1: PROPFIND for allprop is unreliable: a few properties without ``resourcetype``, or 400."""
    principal_depth_one: int | None = 400
    """PROPFIND Depth 1 on the principal (profile ``icloud`` of caldav 3.6)."""

    # --- authentication (§1.2)
    challenges: Literal["two_lines", "one_line"] = "two_lines"
    basic_first: bool = True
    """§1.2: the order of the two challenges varies."""
    unknown_account: Literal[401, 403] = 401
    """§1.2: a wrong user name may give 403."""
    account_case_matters: bool = False
    """§1.2: no source found."""
    user_agent_required: bool = True
    """§1.2: no User-Agent, 403."""
    content_type: str = "application/xml; charset=utf-8"
    """§2.1, §3.7: not reliable; ``text/xml`` and ``text/html`` were seen."""

    # --- the home listing (§2.2, §2.3)
    subscribed_as: Literal["no_calendar", "calendar"] = "no_calendar"
    """§2.3: whether a subscription's ``resourcetype`` also says ``calendar``."""
    source_told: bool = True
    """§2.3: CalendarServer ``source`` may be absent."""
    privileges_told: bool = True
    """R3: False answers 404 for ``current-user-privilege-set``."""
    read_only_privileges: tuple[str, ...] = ("read", "read-free-busy", "read-current-user-privilege-set")
    """§2.2: no exact capture exists."""
    color_alpha: bool = True
    """§2.2: ``#RRGGBBAA``, sometimes ``#RRGGBB``."""
    calendar_order_told: bool = True
    reports_told: bool = False
    """``supported-report-set``: no capture of iCloud's value found (§2.2)."""
    ctag: Literal["token", "missing", "frozen", "restless", "seconds"] = "token"
    """§2.2: the token family; may be null; C4: stays though ETags change; C5: another one at each look; or the second of the change."""
    token_in_listing: bool = True
    """Whether the home listing tells ``sync-token``."""

    # --- sync-collection (§3.1)
    self_row: Literal["slash", "no_slash", "absent"] = "slash"
    duplicate_rows: bool = False
    expired_token: Literal["valid_sync_token", "bare_403", "409", "410", "412", "full_listing"] = "valid_sync_token"
    """§3.1: how a token is refused; ``full_listing`` is 207 with everything and no removals (C2)."""
    sync_supported: bool = True
    """False: 501 for sync-collection, as other servers (H8)."""
    page_size: int | None = None
    """Rows of one answer before 507 on the collection (RFC 6578 §3.6); not observed on iCloud, which ignores ``limit``."""
    listing_lag_seconds: float = 0.0
    """§3.1: changes younger than that are not listed yet, and the token does not cover them."""
    delivery_lag_seconds: float = 0.0
    """§3.1: what is listed is not delivered by multiget and GET for so long after its change."""
    delivery_lag_requests: int = 0
    """§3.1: the same, for so many multigets or GETs that ask for it."""
    lagging_reads: Literal["missing", "stale"] = "missing"
    """§3.1: what an undelivered change looks like where there was an older version."""
    href_escaping: Literal["plain", "full", "mixed"] = "plain"
    """C14: ``@`` and such as they are, percent-encoded, or (mixed) plain in sync-collection and encoded elsewhere."""

    # --- multiget, query, free-busy (§3.2–3.4)
    missing_in_multiget: Literal["row", "omitted"] = "row"
    shared_multiget: Literal["delivers", "not_found"] = "delivers"
    """§3.2: for a privately shared calendar the multiget found nothing, GET did."""
    multiget_supported: bool = True
    """False: 501, as other servers."""
    calendar_data: Literal["cdata", "escaped"] = "cdata"
    extra_stamp: bool = True
    """§3.5: each VEVENT in a REPORT begins with a DTSTAMP of the time of the read."""
    query_without_vevent: int = 400
    """§3.3, §8: the error's status is not known."""
    query_self_row: bool = True
    """§3.3: the collection among the results, with calendar-data not found."""
    query_days_back: int | None = None
    """§3.3: a time-range that reaches further back than so many days is 403."""
    expand: Literal["ignore", "expand", "empty"] = "ignore"
    partial_data: Literal["empty", "honoured"] = "empty"
    """§3.3: partial calendar-data yields VEVENTs without properties, or works."""
    free_busy: Literal["refused", "answered"] = "refused"
    """§3.4: 400 with an empty body, or one VFREEBUSY per calendar."""

    # --- writing (§3.5, §3.6)
    etag_on_put: bool = True
    etag_style: Literal["base36", "digits"] = "base36"
    update_status: Literal[200, 204] = 204
    rewrite_body: bool = False
    """§3.5: the stored text is the sent one, or PRODID and X-APPLE properties are put in and COLOR is taken out."""
    if_match_star: Literal["backwards", "refused", "honoured"] = "backwards"
    """§3.5: 412 on what exists; the profile of caldav 3.6 adds that it creates what does not."""
    device_edits_guarded: bool = True
    """§3.5: an unconditional PUT over what was edited on a device is 412."""
    tombstones: bool = True
    """§3.5: a name or UID that was deleted is 412 for good."""
    uid_elsewhere: Literal["412", "403", "409", "accepted"] = "412"
    """§3.5: a UID that stands in another resource; 403 and 409 come with ``no-uid-conflict`` and its href."""
    move: Literal["refused", "works"] = "refused"
    depth_on_delete: int | None = 400
    end_required: int | None = 404
    """§3.5: VEVENT with neither DTEND nor DURATION (404; some saw 403)."""
    status_case: int | None = 403
    local_stamp: int | None = 403
    """§3.5: DTSTAMP, CREATED or LAST-MODIFIED not in UTC."""
    zone_undefined: int | None = 400
    """§3.5: TZID without its VTIMEZONE; None keeps the text as sent."""
    zone_mismatch: int | None = 403
    """§3.5: TZID ``UTC`` beside a VTIMEZONE ``Etc/UTC`` in a recurring event."""
    method: int | None = 403
    """§3.5: METHOD in a stored object (RFC 4791 §4.1 forbids it)."""
    timed_due: int | None = 403
    journal: int | None = 500
    wrong_component: int | None = 403
    weekly_without_day: Literal["kept", "dropped"] = "kept"
    """§3.5: RRULE FREQ=WEEKLY without BYDAY."""
    sticky_calendars: bool = False
    """§2.5: a calendar made again under a deleted id brings its old events back."""
