"""What the pickers of merge fields offer."""

from collections.abc import Callable

from accounts.models import Organisation
from campaigns.views.wording import merge_fields
from leads.models import Lead


def test_the_picker_offers_every_field_with_a_fallback(acme: Organisation, add_lead: Callable[..., Lead]) -> None:
    add_lead("a@example.com", fields={"city": "x", "Job Title": "x", 'a"b': "x", "sender": "x", "email": "x"})
    offered = dict(merge_fields(acme))
    assert offered["first_name"] == '{{ first_name | default: "there" }}'
    assert offered["city"] == '{{ city | default: "" }}'
    assert offered["Job Title"] == '{{ fields["Job Title"] | default: "" }}'
    assert offered["sender"] == '{{ fields["sender"] | default: "" }}'
    assert 'a"b' not in offered
    assert list(offered).count("email") == 1
