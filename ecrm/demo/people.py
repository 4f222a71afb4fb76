"""Invented people at invented companies, the same ones each time; every address ends in .example (RFC 2606)."""

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass


def words(text: str) -> list[str]:
    return text.split()


FIRST = words("""
Amélie Anders Aoife Aylin Björn Carla Chloé Daan Dario Elif Emilia Émile Fatima Felix Freya Giulia Hana Hugo Ibrahim
Ilse Inês Jakob Jana João Jürgen Kaja Kofi Lars Leïla Linh Łukasz Maja Mateo Mei Milan Nadia Nils Noor Olivia Oskar Paula
Pavel Priya Rafael Rosa Samir Sanne Søren Tomáš Uma Vera Viktor Wanda Xenia Yara Yusuf Zoë""")
LAST = words("""
Almeida Andersson Bakker Bauer Bianchi Brandt Carvalho Costa Dąbrowski Demir Dubois Dvořák Eriksen Fischer Fontaine
García Haddad Hansen Horváth Iversen Jansen Kaya Keller Kowalska Kumar Lindqvist Lopes Maier Marín Meyer Moreau Murphy
Nguyen Nielsen Novák O'Brien Okafor Ortega Petrov Popescu Ricci Rossi Sato Schäfer Silva Sørensen Svensson Tanaka Urban
Visser Vogel Weber Wójcik Yılmaz Zimmermann""")
COMPANY = words("""
Alder Amber Bluestone Brightwater Cedar Copperfield Eastgate Fjord Foxglove Granite Harbour Hazel Ironbridge
Juniper Kestrel Lantern Larkspur Marlow Meridian Millbrook Northlight Oakmere Orchard Pinewood Quarry Redwing Rowan Saltmarsh
Silverline Stonefield Tidewater Umber Westbrook Willow""")
TRADE = {
    "Logistics": ["Head of Operations", "Fleet Manager", "Purchasing Lead"],
    "Foods": ["Quality Manager", "Plant Manager", "Head of Sales"],
    "Instruments": ["Product Manager", "Head of Engineering", "Service Lead"],
    "Textiles": ["Managing Director", "Sourcing Manager", "Designer"],
    "Software": ["CTO", "Head of Growth", "Customer Success Manager"],
    "Energy": ["Project Developer", "Asset Manager", "Head of Finance"],
}
CITIES = [
    "Aarhus",
    "Antwerp",
    "Bologna",
    "Cork",
    "Gdańsk",
    "Ghent",
    "Graz",
    "Leipzig",
    "Lyon",
    "Malmö",
    "Porto",
    "Utrecht",
]
TAGS = ["prospect", "customer", "partner", "met in person", "asked for a call"]


@dataclass(frozen=True)
class Person:
    first_name: str
    last_name: str
    email: str
    company: str
    title: str
    phone: str
    fields: dict[str, str]
    tags: list[str]


def plain(text: str) -> str:
    """A name as it stands in an address: ASCII letters, lower case."""
    folded = unicodedata.normalize("NFKD", text.translate(str.maketrans("ŁłØøıß", "LlOois")))
    return "".join(letter for letter in folded if letter.isascii() and letter.isalnum()).lower()


def people(count: int, seed: int = 20260401) -> Iterator[Person]:
    """`count` people with distinct addresses."""
    draw = random.Random(seed)  # noqa: S311
    companies = [(f"{name} {trade}", trade) for name in COMPANY for trade in TRADE]
    draw.shuffle(companies)
    names = [(first, last) for first in FIRST for last in LAST]
    draw.shuffle(names)
    for number, (first, last) in enumerate(names[:count]):
        company, trade = companies[number % 90]
        local = f"{plain(first)}.{plain(last)}"
        # A few have left their company since: the mail catcher refuses these addresses as a server would.
        local = f"bounce.{local}" if number % 47 == 46 else local
        yield Person(
            first_name=first if number % 23 else "",
            last_name=last if number % 23 else "",
            email=f"{local}@{plain(company.replace(' ', '-'))}.example",
            company=company,
            title=draw.choice(TRADE[trade]),
            phone=f"+00 555 {draw.randrange(1000, 9999)} {draw.randrange(100, 999)}" if draw.random() < 0.6 else "",
            fields={"City": draw.choice(CITIES), "Industry": trade},
            tags=draw.sample(TAGS, draw.choice([0, 0, 1, 1, 2])),
        )
