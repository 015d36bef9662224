"""``dashboard`` and ``dashboard-user``."""

from __future__ import annotations

import json
import os
import socket
import sys
import tomllib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import urlsplit

import click

from icalsync.cli.base import Command, Group, opened
from icalsync.cli.passwords import read_new_password
from icalsync.cli.render import show_row, show_rows
from icalsync.core.access import POSTS, is_loopback
from icalsync.errors import DependencyMissing, InvalidInput, SettingsInvalid
from icalsync.messages import say

if TYPE_CHECKING:
    from icalsync.settings import Settings

ADDRESS: Final = "127.0.0.1"  # S13: others reach it through a proxy that a person sets up, or not at all
OPTIONS: Final[Mapping[str, object]] = MappingProxyType(
    {
        "server.headless": True,
        "server.enableCORS": True,  # S12: with the next one, what keeps a foreign page from driving this one
        "server.enableXsrfProtection": True,
        "client.allowedOrigins": [],  # nor may one send it messages
        "server.trustedUserHeaders": "{}",  # S13: who somebody is, no header says
        "server.enableAgentApi": False,
        "server.maxUploadSize": 0,  # no page takes a file, and whoever has not signed in could fill the memory with them
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",  # S22: no traceback reaches a user, and no offer to ask a search engine about it
        "client.showErrorLinks": False,
        "client.toolbarMode": "minimal",
        "server.fileWatcherType": "none",
        "runner.magicEnabled": False,  # only what a page draws is shown
    }
)
"""How the dashboard is always served: Streamlit's settings."""
PROVIDER: Final = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
"""What Streamlit's ``st.login`` needs to know of an OpenID Connect provider."""
STRONG: Final = 32
"""Characters of the secret that signs who somebody is."""
LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")
USUAL_PORTS: Final = range(8501, 8521)


@click.command(cls=Command)
@click.option("--port", type=click.IntRange(1, 65535), help="The port; without it 8501, or the next that is free.")
@click.option("--address", default=ADDRESS, show_default=True, help="Where to listen. Anywhere but on this machine alone, people sign in.")
def dashboard(port: int | None, address: str) -> NoReturn:
    """Open the dashboard for this database; Ctrl-C ends it.

    By default only this machine can reach it. For others: accounts (dashboard-user add) or OpenID Connect, and a proxy with https.
    """
    entry = entry_point()
    if find_spec("streamlit") is None or entry is None:
        raise DependencyMissing(package="streamlit", extra="dashboard")
    from icalsync.settings import load_settings  # noqa: PLC0415  # a command that only prints its help needs none

    settings = load_settings()
    if settings.dashboard is not None:
        check_provider(settings.dashboard.secrets_file)
    opened().sign_in_way(address, plain=False)
    chosen = free_port(port, address)
    click.echo("Starting the dashboard; Ctrl-C ends it.", err=True)
    options = {**OPTIONS, **reach(settings, address), "server.port": chosen}
    sys.stdout.flush()
    os.dup2(2, 1)  # what Streamlit tells people is no answer to a program
    command = [sys.executable, str(entry), json.dumps(options)]
    os.execv(sys.executable, command)  # noqa: S606  # our own interpreter; as one process, so that whatever ends it leaves nothing behind


def reach(settings: Settings, address: str) -> dict[str, object]:
    """Who may reach it: the address, the names it answers to (S12: no other site's), the provider's secrets."""
    outside = urlsplit(settings.dashboard_url).hostname if settings.dashboard_url else None
    names = [*(LOCAL_NAMES if is_loopback(address) or outside else ()), *([outside] if outside else [])]
    options: dict[str, object] = {"server.address": address, "server.allowedHosts": names}
    if outside or not address.strip("[]0.:"):
        options["browser.serverAddress"] = outside or "localhost"  # Streamlit would ask another host for this one's address, to print it
    if settings.dashboard_url:
        options["server.corsAllowedOrigins"] = [origin_of(settings.dashboard_url)]
    if settings.dashboard is not None:
        options["secrets.files"] = [str(settings.dashboard.secrets_file)]
    return options


def origin_of(url: str) -> str:
    """An address as a browser says from where it asks: small letters, no usual port (RFC 6454 §6.2)."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = f":{parts.port}" if parts.port not in {None, {"http": 80, "https": 443}.get(parts.scheme)} else ""
    return f"{parts.scheme}://{host}{port}"


def check_provider(secrets_file: Path) -> None:
    """Whether people can sign in with what stands in the secrets file, before anybody tries; ``SettingsInvalid``, ``DependencyMissing``."""
    name = "secrets_file"
    try:
        section = tomllib.loads(secrets_file.read_text(encoding="utf-8")).get("auth")
    except OSError as error:
        raise SettingsInvalid(name=name, why=f"{secrets_file}: {(error.strerror or 'it cannot be read').lower()}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise SettingsInvalid(name=name, why=f"{secrets_file} is not valid TOML") from None  # its text may hold the secret
    auth = section if isinstance(section, dict) else {}
    missing = [each for each in PROVIDER if not isinstance(auth.get(each), str) or not auth[each]]
    if missing:
        raise SettingsInvalid(name=name, why=f"its section [auth] lacks {', '.join(missing)}")
    if len(auth["cookie_secret"]) < STRONG:
        why = f"cookie_secret is shorter than {STRONG} characters, and whoever guesses it is signed in as anybody"
        raise SettingsInvalid(name=name, why=why)
    if find_spec("httpx") is None and find_spec("httpx2") is None:  # with which authlib asks the provider
        raise DependencyMissing(package="httpx", extra="dashboard")


def entry_point() -> Path | None:
    """``server.py``: in an installed wheel it is ``icalsync_dashboard``, in a checkout it stands beside the library."""
    found = find_spec("icalsync_dashboard")
    if found is not None and found.origin is not None:
        return Path(found.origin).parent / "server.py"
    beside = Path(__file__).parents[2] / "dashboard" / "server.py"
    return beside if beside.is_file() else None


def free_port(wanted: int | None, address: str = ADDRESS) -> int:
    """The port that was asked for, or the first free one of the usual; ``InvalidInput`` where another program holds it."""
    why = "none of the usual ones is free"
    for port in USUAL_PORTS if wanted is None else (wanted,):
        try:
            family, kind, _, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        except OSError:
            raise InvalidInput(what="--address", value=address, why="it is no address of this machine") from None
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(place)
            except OSError as error:
                why = (error.strerror or "it cannot be used").lower()
            else:
                return port
    raise InvalidInput(what="--port", value=wanted, why=why)


@click.group("dashboard-user", cls=Group)
def dashboard_user() -> None:
    """Accounts for the dashboard, where it is reached from elsewhere or several people share it."""


@dashboard_user.command("add")
@click.argument("name", metavar="NAME")
@click.option(
    "--role", type=click.Choice(POSTS), required=True, help="admin: everything; support: all but credentials; analyst: no titles."
)
@click.option("--sub-account", "sub_accounts", metavar="ACME", multiple=True, help="Only this sub-account; may be given several times.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def add(name: str, role: str, sub_accounts: tuple[str, ...], password_stdin: bool) -> None:
    """Add an account, or give a known one another role and password; that ends its open sessions.

    The password (12 characters or more) is asked for, or comes from --password-stdin.
    """
    row = opened().add_reader(name, role, read_new_password(from_stdin=password_stdin), sub_accounts=sub_accounts or None)
    show_row(row, say("cli.reader_added", name=row["name"], role=row["role"], where=_reach(row["sub_accounts"])))


@dashboard_user.command("list")
def listed() -> None:
    """List the accounts."""
    rows = [{**row, "where": _reach(row["sub_accounts"])} for row in opened().readers()]
    show_rows(
        rows,
        ("name", "role", "where", "made_at", "last_sign_in_at", "locked_until"),
        empty="There is no account: on this machine alone nobody has to sign in.",
    )


@dashboard_user.command("remove")
@click.argument("name", metavar="NAME")
def remove(name: str) -> None:
    """Remove an account; whoever is signed in with it is out at once."""
    row = opened().remove_reader(name)
    show_row(row, say("cli.reader_removed", name=row["name"]))


def _reach(sub_accounts: list[str] | None) -> str:
    return "all sub-accounts" if sub_accounts is None else ", ".join(sub_accounts)


COMMANDS = (dashboard, dashboard_user)
