"""What a person sees of a draft before it starts: how the file is read, a choice for each column, the first people."""

from collections.abc import Mapping
from dataclasses import dataclass

from leads.importing.clean import Contact, Refusal, clean
from leads.importing.encoding import ENCODINGS, UNMARKED
from leads.importing.flow import look
from leads.importing.map import BadMapping, columns_of, guess, target_of
from leads.importing.read import Unreadable
from leads.importing.recognise import SEPARATORS, Sheet
from leads.importing.uploads import dialect_of
from leads.importing.vocabulary import CUSTOM, LABELS
from leads.models import Import

SAMPLES = 3
SAMPLE_CHARS = 60
PEOPLE = 5
SEPARATOR_NAMES = {name: char for char, name in SEPARATORS.items()}


@dataclass(frozen=True)
class Column:
    """One column of the file: its name, what it holds, and the field it goes to (empty: none)."""

    index: int
    name: str
    samples: list[str]
    target: str

    @property
    def custom(self) -> str:
        """The target as a custom field: of the name it has already, else of the column's."""
        return self.target if self.target.startswith(CUSTOM) else CUSTOM + self.name[:100]

    @property
    def custom_name(self) -> str:
        return self.custom.removeprefix(CUSTOM)


@dataclass(frozen=True)
class Preview:
    """A draft as it would be imported. `problem` says why the file cannot be read as was asked."""

    sheet: Sheet
    mapping: dict[str, str]
    problem: str = ""

    @property
    def columns(self) -> list[Column]:
        return [
            Column(index, name, samples_of(self.sheet, index), self.mapping.get(name, ""))
            for index, name in enumerate(self.sheet.header)
        ]

    @property
    def has_address(self) -> bool:
        return "email" in self.mapping.values()

    @property
    def people(self) -> list[Contact | Refusal]:
        columns = columns_of(self.sheet.header, self.mapping, self.sheet.dialect.separator)
        return [clean(row, columns) for row in self.sheet.rows[:PEOPLE]] if self.has_address else []

    @property
    def encoding_name(self) -> str:
        return (ENCODINGS | UNMARKED)[self.sheet.dialect.encoding]

    @property
    def separator_name(self) -> str:
        """Empty for workbooks and vCards, in which nothing has to stand between cells."""
        return SEPARATORS.get(self.sheet.dialect.separator, "")

    @property
    def read_as(self) -> str:
        """What the choices for the columns belong to: read otherwise, the file has other columns."""
        dialect = self.sheet.dialect
        return f"sheet {dialect.sheet}" if dialect.sheet else f"{dialect.encoding} {self.separator_name}"


def samples_of(sheet: Sheet, index: int) -> list[str]:
    cells = (row.cells[index].strip() for row in sheet.rows if len(row.cells) > index)
    return [cell[:SAMPLE_CHARS] for cell in cells if cell][:SAMPLES]


def preview(draft: Import, data: Mapping[str, str]) -> Preview:
    """The draft with what `data` (a form of the preview page) changes; raises Unreadable where the file is gone."""
    encoding = data.get("encoding", "")
    separator = SEPARATOR_NAMES.get(data.get("separator", ""), "")
    try:
        sheet, problem = look(draft, encoding if encoding in ENCODINGS else "", separator, data.get("sheet", "")), ""
    except Unreadable as error:
        sheet, problem = look(draft), str(error)
    found = Preview(sheet, mapping_of(draft, sheet), problem)
    if data.get("read_as") != found.read_as:
        return found
    return Preview(sheet, chosen_mapping(sheet, data), problem)


def mapping_of(draft: Import, sheet: Sheet) -> dict[str, str]:
    """The draft's own guess where the file is read as it was then, else another one."""
    return draft.mapping if sheet.dialect == dialect_of(draft) else guess(sheet.header, sheet.rows)


def chosen_mapping(sheet: Sheet, data: Mapping[str, str]) -> dict[str, str]:
    """The form's choices, those left out that cannot be."""
    chosen: dict[str, str] = {}
    for index, name in enumerate(sheet.header):
        target = data.get(f"column-{index}", "")
        try:
            chosen |= {name: target_of(name, target)} if target else {}
        except BadMapping:
            continue
    return chosen


def options() -> dict[str, object]:
    """What the selects of the page offer."""
    return {"encodings": ENCODINGS, "separators": SEPARATORS.values(), "fields": LABELS}
