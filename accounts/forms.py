"""What sign-up asks for: a name and an organisation beside allauth's address and password (promise p01)."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts.models import Organisation, User
from accounts.services import found_organisation
from ecrm.forms import OurWords


class SignupForm(forms.Form):
    """allauth mixes this into its own sign-up input (`ACCOUNT_SIGNUP_FORM_CLASS`)."""

    name = forms.CharField(max_length=200)
    organisation = forms.CharField(max_length=200)

    def clean(self) -> dict[str, Any]:
        """allauth judges a new person's password without knowing whose it is; here it is known."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        password = values.get("password")
        if password:
            try:
                validate_password(password, User(email=values.get("email", ""), name=values.get("name", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return values

    def signup(self, request: HttpRequest, user: User) -> None:
        """Called by allauth after it saved the user."""
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
        found_organisation(self.cleaned_data["organisation"], user)


class OrganisationForm(OurWords, forms.ModelForm[Organisation]):
    class Meta:
        model = Organisation
        fields = ["name", "postal_address"]
        help_texts = {"postal_address": "Stands in the footer of every campaign mail; the law asks for it."}
        widgets = {"postal_address": forms.Textarea(attrs={"rows": 3})}


class ProfileForm(OurWords, forms.ModelForm[User]):
    class Meta:
        model = User
        fields = ["name"]


class FoundForm(OurWords, forms.Form):
    """Another organisation of one's own."""

    name = forms.CharField(max_length=200, label="Name")
