"""A practice on an iCloud of its own: what people at the dashboard find, and what they do to it meanwhile on their telephones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.browser.conftest import Clinic, clinic_in
from tests.dashboard.practice import monday, stamp
from tests.icloud import ICloud
from tests.icloud.appointments import check_only_appointments_were_written
from tests.icloud.fixtures import ANNA, BEN, PASSWORD
from tests.journeys.remote import edited
from tests.servers import event_at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.icloud import CalendarOwner

READS: Final = "twelve letters and more"
CARL: Final = "carl@icloud.com"
SECRET: Final = "Secret plan"
MARKS: Final = "<b>bold</b> <img src=x onerror=alert(1)> **star** _under_ :smile: :material/home: $x^2$ [here](http://evil.example) `code`"
"""What HTML, markdown, emoji codes and LaTeX would make of a name."""
TURNED: Final = f"=1+1 \u202egnol\u2069 {MARKS}"
"""The same as a formula, with marks that turn the direction of writing."""


@dataclass
class Practice:
    """The database, and the iCloud its accounts are at."""

    clinic: Clinic
    cloud: ICloud

    def work(self, account: str) -> CalendarOwner:
        """The calendar ``Work`` in its owner's hands."""
        return self.cloud.account(account).calendar("Work")

    def written(self, account: str) -> list[str]:
        """The texts that were written to an account's calendar ``Work``, in order."""
        below = self.work(account).href
        return [entry.text or "" for entry in self.cloud.ledger.requests(method="PUT", below=below) if 200 <= entry.status < 300]


@contextmanager
def practice_in(directory: Path) -> Iterator[Practice]:
    """Anna has connected nothing yet; Ben's account is linked; everything about Carl is hostile. Left, R8 is checked."""
    accounts = {ANNA: PASSWORD, BEN: PASSWORD, CARL: PASSWORD}
    with ICloud(accounts) as cloud:
        clinic = clinic_in(directory)
        clinic.environment["ICALSYNC_ICLOUD_URL"] = cloud.url
        practice = Practice(clinic, cloud)
        practice.work(ANNA).put("a", event_at("a", stamp(monday(10)), stamp(monday(11)), summary=SECRET))
        _people(clinic)
        yield practice
        check_only_appointments_were_written([cloud.ledger], directory)


def _people(clinic: Clinic) -> None:
    app = clinic.app
    app.add_sub_account("ACME", time_zone="Europe/Berlin")
    app.add_user("ACME", "anna", name="Anna Adler")
    app.add_user("ACME", "ben", name="Ben Brandt")
    app.set_hours("ACME", None, {"weekly": "Mon-Fri 09:00-17:00"})
    app.connect("ACME", "ben", provider="icloud", account=BEN, password=PASSWORD)
    app.link("ACME", "ben", "Work")
    app.sync()


def add_hostile(practice: Practice) -> None:
    """Carl, whose name, calendar, event, booking and note are hostile; two of them at the same time, one that somebody changed."""
    work, app = practice.work(CARL), practice.clinic.app
    work.put("c", event_at("c", stamp(monday(12)), stamp(monday(13)), summary=TURNED))
    work.rename(TURNED)
    app.add_user("ACME", "carl", name=f"Carl\n{TURNED}")
    found = app.connect("ACME", "carl", provider="icloud", account=CARL, password=PASSWORD)
    (calendar,) = (row["calendar_id"] for row in found["calendars"] if row["display_name"] == TURNED)
    app.link("ACME", "carl", calendar)
    app.sync(sub_account="ACME", user="carl")
    before = set(work.names())
    app.book("ACME", "carl", monday(12), monday(13), TURNED, check=False, contact_name=TURNED, push=True)
    (ours,) = set(work.names()) - before
    later = edited(edited(work.text(ours), "DTSTART", f"DTSTART:{stamp(monday(15))}"), "DTEND", f"DTEND:{stamp(monday(16))}")
    work.put(ours, later)
    app.sync(sub_account="ACME", user="carl")
    app.book("ACME", "carl", monday(16), monday(17), TURNED, contact_name=TURNED)
    app.block("ACME", "carl", monday(14), monday(15), note=TURNED)


def add_readers(practice: Practice) -> None:
    """Another sub-account, and who may sign in: an analyst and an admin of one sub-account each. From now on everybody has to."""
    app = practice.clinic.app
    app.add_sub_account("OTHER", time_zone="Europe/Berlin")
    app.add_user("OTHER", "olaf", name="Olaf Orth")
    app.book("ACME", "ben", monday(12), monday(13), SECRET)
    app.add_reader("nora", "analyst", READS, sub_accounts=["ACME"])
    app.add_reader("oskar", "admin", READS, sub_accounts=["OTHER"])
