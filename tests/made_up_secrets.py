"""Keys, tokens and passwords of every kind that never belonged to anybody, made anew each time so
that no scanner of repositories finds one written down."""

from __future__ import annotations

import base64
import json
import random
import string

__all__ = ["SECRETS", "private_key"]

_RANDOM = random.Random(18)
_ALPHANUMERIC = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"


def _some(length: int, of: str = _ALPHANUMERIC) -> str:
    # One of each sort first, so that no token is all small letters by chance.
    head = "".join(c for c in "aB3" if c in of)[:length]
    return head + "".join(_RANDOM.choice(of) for _ in range(length - len(head)))


def _base64(size: int) -> str:
    return base64.b64encode(_RANDOM.randbytes(size)).decode()


def private_key(kind: str = "RSA PRIVATE KEY", lines: int = 24) -> str:
    """A key's text, with 64 characters in each of its lines."""
    body = "\n".join(_base64(48) for _ in range(lines))
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----"


def _token_of(claims: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


_JWT = ".".join([_token_of({"alg": "HS256", "typ": "JWT"}), _token_of({"sub": "7"}), _some(43)])

SECRETS = {
    "RSA key": private_key(),
    "PKCS 8 key": private_key("PRIVATE KEY", 2),
    "EC key": private_key("EC PRIVATE KEY", 3),
    "OpenSSH key": private_key("OPENSSH PRIVATE KEY", 6),
    "encrypted key": private_key("ENCRYPTED PRIVATE KEY"),
    "PGP key": private_key("PGP PRIVATE KEY BLOCK"),
    "AWS key ID": "AKIA" + _some(16, "BCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    "AWS temporary key ID": "ASIA" + _some(16, "BCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    "GitHub": "ghp_" + _some(36),
    "GitHub of an app": "ghs_" + _some(36),
    "GitHub, fine-grained": f"github_pat_{_some(22)}_{_some(59)}",
    "GitLab": "glpat-" + _some(20),
    "Slack": f"xoxb-{_some(12, string.digits)}-{_some(12, string.digits)}-{_some(24)}",
    "Stripe": "sk_live_" + _some(24),
    "Stripe, long": "sk_live_51" + _some(97),
    "Stripe, restricted": "rk_live_" + _some(24),
    "JWT": _JWT,
    "OpenAI": "sk-" + _some(48),
    "OpenAI with its mark": f"sk-{_some(20)}T3BlbkFJ{_some(20)}",
    "OpenAI of a project": f"sk-proj-{_some(74)}T3BlbkFJ{_some(74)}",
    "Anthropic": f"sk-ant-api03-{_some(93)}AA",
    "Google": "AIza" + _some(35),
    "npm": "npm_" + _some(36),
    "PyPI": "pypi-AgEIcHlwaS5vcmc" + _some(150),
    "SendGrid": f"SG.{_some(22)}.{_some(43)}",
    "Discord": f"MTk4{_some(20)}.{_some(6)}.{_some(27)}",
    "Twilio": "SK" + _some(32, _HEX),
    "Hugging Face": "hf_" + _some(34, string.ascii_letters),
    "Telegram": "8437926155:" + "AA" + _some(33),
}
"""By what it is for; each is the secret itself. Of Telegram's the number before the colon is the
name of the bot."""
