"""A full name → first and last name, as well as a machine can tell."""

# They begin a last name, wherever they stand after the first word.
PARTICLES = {
    *(
        "van",
        "von",
        "vom",
        "zu",
        "zum",
        "zur",
        "de",
        "del",
        "della",
        "der",
        "den",
        "ten",
        "ter",
        "di",
        "da",
        "dos",
        "das",
    ),
    *(
        "du",
        "des",
        "la",
        "le",
        "el",
        "al",
        "bin",
        "ibn",
        "ben",
        "af",
        "av",
        "mac",
        "st.",
        "san",
        "santa",
        "do",
        "e",
        "y",
    ),
}
HONORIFICS = {
    *(
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "prof",
        "sir",
        "dame",
        "herr",
        "frau",
        "fr",
        "hr",
        "dipl.-ing",
        "ing",
        "mag",
    ),
    *(
        "m",
        "mme",
        "mlle",
        "monsieur",
        "madame",
        "sr",
        "sra",
        "srta",
        "don",
        "doña",
        "sig",
        "sig.ra",
        "dott",
        "dhr",
        "mevr",
    ),
}


def split_name(name: str) -> tuple[str, str]:
    """`Anna van der Berg` → `Anna`, `van der Berg`; `Müller, Anna` → `Anna`, `Müller`; one word is a first name."""
    last, comma, first = name.partition(",")
    if comma and last.strip() and first.strip():
        return without_honorifics(first.split()), " ".join(last.split())
    words = without_honorifics(name.replace(",", " ").split()).split()
    if len(words) < 2:
        return " ".join(words), ""
    start = next((index for index, word in enumerate(words) if index and word.lower() in PARTICLES), len(words) - 1)
    return " ".join(words[:start]), " ".join(words[start:])


def without_honorifics(words: list[str]) -> str:
    """The words after `Dr.`, `Mrs` and their like; all of them where nothing else would be left."""
    rest = words
    while len(rest) > 1 and rest[0].rstrip(".").lower() in HONORIFICS:
        rest = rest[1:]
    return " ".join(rest)
