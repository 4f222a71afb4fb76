"""Columns find their fields, and a wrong mapping is refused in words."""

import pytest

from leads.importing.map import BadMapping, check, guess
from leads.importing.read import Row


def guessed(header: str, *rows: str) -> dict[str, str]:
    return guess(header.split(","), [Row(line, row.split(",")) for line, row in enumerate(rows, start=2)])


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        ("Given Name,Family Name,E-mail 1 - Value", "first_name,last_name,email"),
        ("firstName,last_name,EMAIL", "first_name,last_name,email"),
        ("Prénom,Nom,Adresse e-mail,Société,Fonction,Téléphone", "first_name,last_name,email,company,title,phone"),
        ("Nombre,Apellidos,Correo electrónico,Empresa,Cargo", "first_name,last_name,email,company,title"),
        ("Nome,Cognome,Indirizzo e-mail,Azienda,Qualifica", "first_name,last_name,email,company,title"),
        ("Voornaam,Achternaam,E-mailadres,Bedrijf,Functie", "first_name,last_name,email,company,title"),
        ("Nome,Sobrenome,E-mail,Empresa,Telefone", "first_name,last_name,email,company,phone"),
        ("Vorname,Name,E-Mail-Adresse,Firma,Position", "first_name,last_name,email,company,title"),
        ("Imię,Nazwisko,Adres e-mail,Nazwa firmy,Stanowisko", "first_name,last_name,email,company,title"),
        ("Förnamn,Efternamn,E-post,Företag,Befattning", "first_name,last_name,email,company,title"),
        ("Имя,Фамилия,Электронная почта,Компания,Должность", "first_name,last_name,email,company,title"),
        ("姓,名,メールアドレス,会社名,役職", "last_name,first_name,email,company,title"),
        ("Nom,Courriel", "full_name,email"),
        ("Name,Email,Tags", "full_name,email,tags"),
    ],
)
def test_headers_are_understood(header: str, fields: str) -> None:
    assert guessed(header) == dict(zip(header.split(","), fields.split(","), strict=True))


def test_look_alikes_are_left_out() -> None:
    header = "Email Status,E-mail Type,E-mail Display Name,Contact owner,Email Domain,Company Name for Emails,Email"
    assert guessed(header) == {"Email": "email"}


def test_of_several_titles_the_most_telling_one_is_taken() -> None:
    assert guessed("Title,Email,Job Title") == {"Email": "email", "Job Title": "title"}


def test_several_addresses_and_phones_are_all_taken() -> None:
    found = guessed("E-mail Address,E-mail 2 Address,Mobile Phone,Business Phone")
    assert sorted(found.values()) == ["email", "email2", "phone", "phone"]


def test_a_column_of_addresses_is_known_by_what_it_holds() -> None:
    assert (
        guessed("Wer,Wie erreichbar", "Anna,anna@b.example", "Ben,ben@b.example", "Carla,")["Wie erreichbar"] == "email"
    )
    assert "email" not in guessed("Wer,Wie", "Anna,anna@b.example", "Ben,030 1234", "Carla,030 5678").values()


def test_what_was_said_of_a_column_is_not_guessed_again() -> None:
    header = ["Email", "Work mail", "Title"]
    assert guess(header, [], {"Work mail": "email", "Title": ""}) == {"Work mail": "email"}


def test_a_mapping_keeps_what_can_be() -> None:
    given = {"Mail": "email", "Sector": "fields. Industry  group ", "Rest": ""}
    assert check(["Mail", "Sector", "Rest"], given) == {"Mail": "email", "Sector": "fields.Industry group"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"Name": "full_name"}, "No column holds email addresses"),
        ({"Mail": "email", "Age": "fields.age"}, "has no column “Age”"),
        ({"Mail": "email", "Name": "nickname"}, "cannot be “nickname”"),
        ({"Mail": "email", "Name": "fields. "}, "cannot be"),
    ],
)
def test_a_wrong_mapping_is_refused(given: dict[str, str], words: str) -> None:
    with pytest.raises(BadMapping, match=words):
        check(["Mail", "Name"], given)


def test_a_lead_has_only_so_many_custom_fields() -> None:
    header = ["Email", *(f"C{number}" for number in range(101))]
    with pytest.raises(BadMapping, match="100 custom fields"):
        check(header, {"Email": "email"} | {name: f"fields.{name}" for name in header[1:]})
