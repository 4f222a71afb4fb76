"""What a form says of a value that it does not take: in our words, in one place, for pages and API alike."""

from typing import Any

from django import forms

# By Django's codes. A field's own `error_messages` stay.
WORDS = {
    "required": "Please fill this in.",
    "invalid_choice": "This cannot be chosen, or not any more. Choose another.",
    "invalid_list": "Choose from what is offered.",
    "invalid_pk_value": "This cannot be chosen, or not any more. Choose another.",
    "min_value": "At least %(limit_value)s.",
    "max_value": "At most %(limit_value)s.",
    "max_length": "At most %(limit_value)d characters; this has %(show_value)d.",
    "invalid": "This is not what belongs here.",
    "null_characters_not_allowed": "There is an invisible character in it (NUL). Type it again.",
}
# Where a kind of field can say more.
KINDS: tuple[tuple[type[forms.Field], dict[str, str]], ...] = (
    (forms.FloatField, {"invalid": "Enter a number, like 2.5."}),
    (forms.IntegerField, {"invalid": "Enter a whole number."}),
    (forms.EmailField, {"invalid": "This is not an email address; one looks like name@example.com."}),
    (forms.MultipleChoiceField, {"required": "Choose at least one."}),
    (forms.ModelMultipleChoiceField, {"required": "Choose at least one."}),
    (forms.ChoiceField, {"required": "Please choose."}),
)


def words_for(field: forms.Field) -> dict[str, str]:
    """What `field` says, by code; the first kind that it is says more."""
    return WORDS | next((said for kind, said in KINDS if isinstance(field, kind)), {})


def stock(field: forms.Field) -> dict[str, Any]:
    """What a field of this class would say by itself."""
    said: dict[str, Any] = {}
    for kind in reversed(type(field).__mro__):
        said |= getattr(kind, "default_error_messages", {})
    return said


class OurWords:
    """Mixed into a form, before Django's class: its errors are worded as here."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, forms.Field] = self.fields  # type: ignore[attr-defined]
        for field in fields.values():
            own = {code: said for code, said in field.error_messages.items() if said != stock(field).get(code)}
            field.error_messages = stock(field) | words_for(field) | own
