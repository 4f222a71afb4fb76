"""`{{ "Hello|Hi|Good morning" | spin }}`: one of several wordings, decided once for each lead.

A filter, since people write braces: `{a|b}` stays what it is. The same lead gets the same of the same choice, wherever it
stands, so that HTML and text agree, and a preview as a lead shows what that lead gets.
"""

import hashlib
from typing import Any

from liquid.context import RenderContext
from liquid.filter import string_filter, with_context

# What the values of a lead say who it is; no template can name it, since it has a blank in it.
WHO = "the lead"


@with_context
@string_filter
def spin(choices: str, *, context: RenderContext) -> str:
    """One of the `choices`, which stand between bars."""
    every = choices.split("|")
    who: Any = context.resolve(WHO, default="")
    drawn = hashlib.blake2b(f"{who}|{choices}".encode("utf-8", "replace"), digest_size=8).digest()
    return every[int.from_bytes(drawn) % len(every)].strip()
