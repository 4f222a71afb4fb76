"""What segments ask for gets another name: they go on asking for the same."""

from collections.abc import Callable

from django.db import transaction

from accounts.models import Organisation
from leads.segments.rules import CUSTOM, BadRules, Group, Rule, Rules, read_rules

TAGS = "tags"  # the key of the field (`segments.own`)


def follow_field(organisation: Organisation, name: str, new_name: str) -> None:
    """A custom field is called otherwise."""

    def renamed(rule: Rule) -> Rule:
        same = rule.field == CUSTOM + name
        return rule.model_copy(update={"field": CUSTOM + new_name}) if same else rule

    change_rules(organisation, renamed)


def follow_tag(organisation: Organisation, tag: str, new_tag: str) -> None:
    """A tag is called otherwise, or has become another one."""

    def renamed(rule: Rule) -> Rule:
        same = rule.field == TAGS and rule.value == tag
        return rule.model_copy(update={"value": new_tag}) if same else rule

    change_rules(organisation, renamed)


@transaction.atomic
def change_rules(organisation: Organisation, change: Callable[[Rule], Rule]) -> None:
    for segment in organisation.segments.select_for_update().order_by("pk"):
        try:
            known = read_rules(segment.rules)
        except BadRules:  # its own page says so
            continue
        own, *groups = (tuple(map(change, group.rules)) for group in known.all_groups)
        changed = Rules(
            match=known.match,
            rules=own,
            groups=tuple(
                Group(match=group.match, rules=rules) for group, rules in zip(known.groups, groups, strict=True)
            ),
        )
        if changed != known:
            segment.rules = changed.model_dump(mode="json", exclude_defaults=True)
            segment.save(update_fields=["rules"])
