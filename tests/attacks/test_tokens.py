"""Access tokens that this server did not sign, or not for this."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.serving import PASSWORD, Company

ME = "/api/v1/auth/me"


async def login(company: Company) -> dict[str, Any]:
    answer = await company.server.client.post("/api/v1/auth/login", json={"email": company.email, "password": PASSWORD})
    return dict(answer.json())


async def sent(company: Company, token: str) -> httpx.Response:
    return await company.server.client.get(ME, headers={"authorization": f"Bearer {token}"})


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed(header: dict[str, Any], claims: dict[str, Any], secret: bytes, digest: str = "sha256") -> str:
    """A token made by hand, since libraries refuse to make the worst ones."""
    text = f"{part(header)}.{part(claims)}"
    signature = hmac.new(secret, text.encode(), digest).digest()
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def forgeries(token: str) -> dict[str, str]:
    """Tokens that say what ``token`` says, by what is wrong with them."""
    claims = jwt.decode(token, options={"verify_signature": False})
    head, body, signature = token.split(".")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    own = {"jwk": {"kty": "oct", "k": part("secret")}, "alg": "HS256", "typ": "JWT"}
    raised = part({**claims, "sub": str(int(claims["sub"]) + 1)})
    return {
        **{f"alg {alg}": f"{part({'alg': alg, 'typ': 'JWT'})}.{body}." for alg in ("none", "None", "NONE", "nOnE", "")},
        "no algorithm": f"{part({'typ': 'JWT'})}.{body}.",
        "the algorithm is no text": f"{part({'alg': ['none'], 'typ': 'JWT'})}.{body}.",
        "the signature left off": f"{head}.{body}.",
        "the signature of another body": f"{head}.{raised}.{signature}",
        "an empty secret": signed({"alg": "HS256", "typ": "JWT"}, claims, b""),
        "a weak secret": signed({"alg": "HS256", "typ": "JWT"}, claims, b"secret"),
        "a public key as the secret": signed({"alg": "HS256", "typ": "JWT"}, claims, public),
        "an algorithm with two keys": jwt.encode(claims, key, "RS256"),
        "a key of its own": signed(own, claims, b"secret"),
        "a key by a path": signed({"alg": "HS256", "kid": "../../../dev/null"}, claims, b""),
        "a key by an address": signed({"alg": "HS256", "jku": "http://evil.example/keys"}, claims, b"secret"),
        "an extension that must be understood": signed({"alg": "HS256", "crit": ["exp"]}, claims, b"secret"),
        "two signatures": f"{token}.{signature}",
        "encrypted": f"{part({'alg': 'dir', 'enc': 'A256GCM'})}..{signature[:16]}.{body}.{signature[:22]}",
    }


async def test_forged_tokens(company: Company) -> None:
    token = (await login(company))["token"]
    assert (await sent(company, token)).status_code == 200
    for what, forged in forgeries(token).items():
        assert (await sent(company, forged)).status_code == 401, what


@pytest.mark.parametrize(("digest", "algorithm"), [("sha384", "HS384"), ("sha512", "HS512")])
async def test_the_right_secret_with_another_algorithm(company: Company, digest: str, algorithm: str) -> None:
    claims = jwt.decode((await login(company))["token"], options={"verify_signature": False})
    secret = company.server.services.control._vault.jwt_secret
    header = {"alg": algorithm, "typ": "JWT"}
    assert (await sent(company, signed({**header, "alg": "HS256"}, claims, secret))).status_code == 200
    assert (await sent(company, signed(header, claims, secret, digest))).status_code == 401


async def test_secrets_of_one_sort_are_not_good_as_another(company: Company) -> None:
    """Refresh tokens, sessions, CSRF tokens and keys each open one door only."""
    server = company.server
    refresh = (await login(company))["refresh_token"]
    answer = await server.client.post("/v2/login", json={"email": company.email, "password": PASSWORD})
    cookie = server.client.cookies["headwater_session"]
    server.client.cookies.clear()
    for secret in (refresh, cookie, answer.json()["csrf_token"]):
        assert (await sent(company, secret)).status_code == 401
        assert (await server.client.get(ME, headers={"x-api-key": secret})).status_code == 401
    for secret in (refresh, company.key, answer.json()["csrf_token"]):
        header = {"cookie": f"headwater_session={secret}"}
        assert (await server.client.get(ME, headers=header)).status_code == 401
    for secret in (cookie, company.key, (await login(company))["token"]):
        renewed = await server.client.post("/api/v1/auth/refresh", json={"refresh_token": secret})
        assert renewed.status_code == 401


def test_the_hand_made_tokens_are_right_but_for_what_is_wrong() -> None:
    made = signed({"alg": "HS256", "typ": "JWT"}, {"sub": "1"}, b"x" * 32)
    assert jwt.decode(made, "x" * 32, algorithms=["HS256"]) == {"sub": "1"}
    assert hashlib.new("sha384").digest_size == 48
