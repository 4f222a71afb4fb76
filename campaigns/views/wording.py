"""What the include `campaigns/_wording.html` needs beside its form."""

import re
from typing import Any

from accounts.models import Organisation
from campaigns.audience import custom_fields
from campaigns.rendering.fields import OTHER_NAMES, STANDARD_FIELDS

# What the picker writes for a field of the lead that is missing.
FALLBACKS = {"first_name": "there", "company": "your company"}
# What Liquid takes without brackets.
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


SPIN = '{{ "Hello|Hi|Good day" | spin }}'
# How many snippets are offered; the others are named by hand.
MOST_SNIPPETS = 100


def wording_context(organisation: Organisation) -> dict[str, Any]:
    names = organisation.snippets.order_by("name").values_list("name", flat=True)[:MOST_SNIPPETS]
    return {
        "spin": SPIN,
        "merge_fields": merge_fields(organisation),
        "snippets": [(name, f'{{% snippet "{name}" %}}') for name in names],
    }


def merge_fields(organisation: Organisation) -> list[tuple[str, str]]:
    """Every field that the picker offers: its name, and the Liquid that prints it."""
    paths = {name: name for name in STANDARD_FIELDS}
    for name in custom_fields(organisation):
        plain = IDENTIFIER.fullmatch(name) and name not in OTHER_NAMES
        if '"' not in name:
            paths.setdefault(name, name if plain else f'fields["{name}"]')
    return [(name, f'{{{{ {path} | default: "{FALLBACKS.get(name, "")}" }}}}') for name, path in paths.items()]
