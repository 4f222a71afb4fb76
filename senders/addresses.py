"""A sender's address: the same ones that leads may have (`leads.addresses`, which this app may not ask)."""

from django.core.exceptions import ValidationError
from email_validator import EmailNotValidError, validate_email

LONGEST = 254  # RFC 5321 4.5.3.1.3


def normal_address(text: str) -> str:
    """The address in its normal form: no blanks around, the domain in lower case and in its own letters, not as `xn--…`.

    Raises ValidationError with a sentence. No DNS is asked (email-validator, RFC 5321, 6531); `.test` passes (RFC 6761), for
    whoever tries things out with a server of their own.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise ValidationError("The address is too long.", code="invalid")
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        reason = str(error).removesuffix(".")
        raise ValidationError(f"This is not an email address: {reason}.", code="invalid") from error


def validate_address(text: str) -> None:
    """`normal_address` for a model's column."""
    normal_address(text)
