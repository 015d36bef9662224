"""An OpenID Connect provider on loopback, as strict as real ones: authorization code with PKCE, RS256, nonce, codes that work once.

OpenID Connect Core 1.0 §3.1 (the code flow), Discovery 1.0 §4, RFC 7636 (PKCE, S256), RP-Initiated Logout 1.0. Whoever asks it wrongly gets
an error of the protocol, which stands in ``refusals``, so that a test can say that there were none.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from icalsync.clock import SystemClock

CLIENT: Final = "icalsync-dashboard"
CODE_LASTS: Final = 60
"""Seconds in which a code can be changed for a token."""
TOKEN_LASTS: Final = 300


@dataclass(frozen=True)
class Person:
    """An account at the provider."""

    name: str
    email: str
    verified: bool = True
    ago: int = 0
    """Seconds since the provider gave its word for them."""


@dataclass(frozen=True)
class _Granted:
    """What a code stands for, until it is used."""

    person: Person
    redirect_uri: str
    nonce: str
    challenge: str
    until: float


class Refused(Exception):
    """The protocol's error code."""


@dataclass
class Provider:
    """The provider, as a context manager; ``redirect_uri`` is registered before anybody signs in."""

    people: tuple[Person, ...]
    redirect_uri: str = ""
    secret: str = field(default_factory=secrets.token_urlsafe)
    refusals: list[str] = field(default_factory=list)
    signed_out: list[str] = field(default_factory=list)
    """E-mail addresses by the tokens that sign-outs named."""

    def __post_init__(self) -> None:
        self._key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self._codes: dict[str, _Granted] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def issuer(self) -> str:
        """Its name, which is its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def secrets_file(self) -> str:
        """What an administrator writes into Streamlit's secrets file."""
        values = {
            "redirect_uri": self.redirect_uri,
            "cookie_secret": secrets.token_urlsafe(32),
            "client_id": CLIENT,
            "client_secret": self.secret,
            "server_metadata_url": f"{self.issuer}/.well-known/openid-configuration",
        }
        return "[auth]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())

    def answer(self, method: str, address: str, form: dict[str, str], authorization: str) -> tuple[int, Any]:
        """Status and content: a page, a document, or where to go."""
        place = urlsplit(address)
        asked = {name: values[0] for name, values in parse_qs(place.query).items()}
        answers: dict[tuple[str, str], tuple[int, Callable[[], Any]]] = {
            ("GET", "/.well-known/openid-configuration"): (200, self.metadata),
            ("GET", "/keys"): (200, self.keys),
            ("GET", "/authorize"): (200, lambda: self.login_page(asked)),
            ("POST", "/authorize"): (303, lambda: self.grant(asked, int(form["who"]))),
            ("POST", "/token"): (200, lambda: self.token(authorization, form)),
            ("GET", "/leave"): (302, lambda: self.leave(asked)),
        }
        status, content = answers.get((method, place.path), (404, lambda: "There is nothing here."))
        try:
            return status, content()
        except Refused as refused:
            self.refusals.append(f"{method} {place.path}: {refused}")
            return 400, {"error": str(refused)}

    # --- what it answers ------------------------------------------------------------------------------------------------------------------

    def metadata(self) -> dict[str, Any]:
        """The discovery document."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/leave",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "email", "profile"],
        }

    def keys(self) -> dict[str, Any]:
        """The public key."""
        return {"keys": [self._key.as_dict(private=False)]}

    def login_page(self, asked: dict[str, str]) -> str:
        """Who are you? One button for each account; the question is checked first."""
        self._check(asked)
        buttons = "".join(f'<button name="who" value="{number}">{escape(one.name)}</button>' for number, one in enumerate(self.people))
        form = f'<form method="post" action="/authorize?{escape(urlencode(asked))}">{buttons}</form>'
        return f'<!doctype html><html lang="en"><title>Provider</title><link rel="icon" href="data:,"><h1>Who are you?</h1>{form}</html>'

    def grant(self, asked: dict[str, str], who: int) -> str:
        """Somebody said who they are: where their browser goes with a code."""
        self._check(asked)
        code = secrets.token_urlsafe()
        until = time.monotonic() + CODE_LASTS
        self._codes[code] = _Granted(self.people[who], asked["redirect_uri"], asked["nonce"], asked["code_challenge"], until)
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, authorization: str, form: dict[str, str]) -> dict[str, Any]:
        """The tokens for a code, once, for the client that asked for it."""
        granted = self._codes.pop(form.get("code", ""), None)
        told = base64.b64encode(f"{CLIENT}:{self.secret}".encode()).decode()
        if authorization != f"Basic {told}":
            raise Refused("invalid_client")
        if form.get("grant_type") != "authorization_code":
            raise Refused("unsupported_grant_type")
        if granted is None or granted.until < time.monotonic() or form.get("redirect_uri") != granted.redirect_uri:
            raise Refused("invalid_grant")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != granted.challenge:
            raise Refused("invalid_grant")
        return {
            "access_token": secrets.token_urlsafe(),
            "token_type": "Bearer",
            "expires_in": TOKEN_LASTS,
            "id_token": self._id_token(granted),
        }

    def leave(self, asked: dict[str, str]) -> str:
        """Signed out here, too: where the browser goes then."""
        if asked.get("client_id") != CLIENT or asked.get("post_logout_redirect_uri") != self.redirect_uri:
            raise Refused("invalid_request")
        self.signed_out.append(jwt.decode(asked["id_token_hint"], self._key, algorithms=["RS256"]).claims["email"])
        return self.redirect_uri

    def _check(self, asked: dict[str, str]) -> None:
        if asked.get("client_id") != CLIENT or asked.get("redirect_uri") != self.redirect_uri:
            raise Refused("invalid_request")
        if asked.get("response_type") != "code" or asked.get("code_challenge_method") != "S256":
            raise Refused("unsupported_response_type")
        if "openid" not in asked.get("scope", "").split():
            raise Refused("invalid_scope")
        if not all(asked.get(name) for name in ("state", "nonce", "code_challenge")):
            raise Refused("invalid_request")

    def _id_token(self, granted: _Granted) -> str:
        now, person = int(SystemClock().now().timestamp()), granted.person
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": hashlib.sha256(person.email.encode()).hexdigest()[:16],
            "iat": now - person.ago,
            "exp": now + TOKEN_LASTS,
            "nonce": granted.nonce,
            "name": person.name,
            "email": person.email,
            "email_verified": person.verified,
        }
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self._key)


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(*provider.answer("GET", self.path, {}, ""))

        def do_POST(self) -> None:
            form = dict(parse_qsl(self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()))
            self._send(*provider.answer("POST", self.path, form, self.headers.get("Authorization", "")))

        def _send(self, status: int, content: Any) -> None:
            moved = status in (302, 303)
            body = b"" if moved else (content if isinstance(content, str) else json.dumps(content)).encode()
            self.send_response(status)
            if moved:
                self.send_header("Location", content)
            self.send_header("Content-Type", "text/html; charset=utf-8" if isinstance(content, str) else "application/json")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is printed: addresses hold codes."""

    return Handler
