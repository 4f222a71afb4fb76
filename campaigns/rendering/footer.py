"""What stands under every campaign mail: the sender's signature, and who sends it, from where, and the way out (CAN-SPAM
§ 7704(a)(5), GDPR Art. 21).
"""

import re
from html import escape

from accounts.models import Organisation
from campaigns.rendering.fields import html_lines

END_OF_BODY = re.compile(r"</body\s*>", re.IGNORECASE)
SIGNATURE_STYLE = "margin:24px 0 0"
STYLE = "margin:32px 0 0;padding:12px 0 0;border-top:1px solid #ddd;font:12px/1.5 sans-serif;color:#777"


def html_footer(html: str, organisation: Organisation, unsubscribe_url: str, *, link: bool) -> str:
    """`html` with the footer before its `</body>`, or at its end; without the link where the template has one
    itself.
    """
    parts = [escape(line) for line in imprint(organisation)]
    if link:
        parts.append(f'<a href="{escape(unsubscribe_url)}" style="color:#777">Unsubscribe</a>')
    return at_the_end(html, f'<div style="{STYLE}">{"<br>".join(parts)}</div>')


def imprint(organisation: Organisation) -> list[str]:
    """Who sends it, and from where, line by line; the name once, also where the postal address begins with it."""
    address = [line.strip() for line in organisation.postal_address.splitlines() if line.strip()]
    name = organisation.name.strip()
    if address and re.match(rf"{re.escape(name)}(?![\w-])", address[0], re.IGNORECASE):
        return address
    return [line for line in (name, *address) if line]


def at_the_end(html: str, block: str) -> str:
    """`html` with `block` before its `</body>`, or at its end."""
    ends = list(END_OF_BODY.finditer(html))
    at = ends[-1].start() if ends else len(html)
    return f"{html[:at]}{block}{html[at:]}"


def text_footer(text: str, organisation: Organisation, unsubscribe_url: str, *, link: bool) -> str:
    lines = imprint(organisation)
    if link:
        lines.append(f"Unsubscribe: {unsubscribe_url}")
    return f"{text.rstrip()}\n\n-- \n" + "\n".join(lines) + "\n"


def html_signature(html: str, signature: str) -> str:
    """`html` with the sender's signature (plain text) below it."""
    return at_the_end(html, f'<p style="{SIGNATURE_STYLE}">{html_lines(signature)}</p>') if signature else html


def text_signature(text: str, signature: str) -> str:
    return f"{text.rstrip()}\n\n{signature.rstrip()}\n" if signature else text
