"""EvalAI's allowed domains of addresses as the bundle's."""

from pydantic import TypeAdapter, ValidationError

from app.bundles.evalai_part import Part
from app.challenges.config_types import Domain

_KEY = "allowed_email_domains"
_DOMAIN: TypeAdapter[str] = TypeAdapter(Domain)


def domains_of(challenge: Part) -> list[str]:
    """Return the domains; for one that cannot be taken a placeholder, which is none either.

    Dropping it would let in others: with no domain left, everybody.
    """
    domains = []
    for item in challenge.items(_KEY):
        domain = str(item).strip().lower().removeprefix("@").removeprefix(".")
        try:
            _DOMAIN.validate_python(domain)
        except ValidationError:
            challenge.add(_KEY, f"“{item}” is no domain: write one in the place of TODO")
            domain = f"TODO {domain}"
        domains.append(domain)
    return list(dict.fromkeys(domains))
