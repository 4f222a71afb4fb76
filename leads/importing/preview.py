"""What a person sees of a draft before it starts: how the file is read, a choice for each column, the first people."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace

from leads.importing.check import Findings, check_now, findings_of, fingerprint, is_small
from leads.importing.clean import Contact, Refusal, clean
from leads.importing.encoding import ENCODINGS, UNMARKED
from leads.importing.flow import dialect_fields, look
from leads.importing.map import BadMapping, columns_of, target_of
from leads.importing.read import Unreadable
from leads.importing.recognise import SEPARATORS, Sheet
from leads.importing.remember import mapping_for
from leads.importing.uploads import dialect_of
from leads.importing.vocabulary import ADDRESSES, CUSTOM, LABELS
from leads.models import Import
from leads.services import LONGEST_FIELD_NAME

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
        return self.target if self.target.startswith(CUSTOM) else CUSTOM + self.name[:LONGEST_FIELD_NAME]

    @property
    def custom_name(self) -> str:
        return self.custom.removeprefix(CUSTOM)


@dataclass(frozen=True)
class Preview:
    """A draft as it would be imported. `problem` says why the file cannot be read as was asked.

    `findings`: what a check of the whole file found; None where a large one was not checked as it is mapped now.
    """

    sheet: Sheet
    mapping: dict[str, str]
    problem: str = ""
    findings: Findings | None = None

    @property
    def columns(self) -> list[Column]:
        return [
            Column(index, name, samples_of(self.sheet, index), self.mapping.get(name, ""))
            for index, name in enumerate(self.sheet.header)
        ]

    @property
    def has_address(self) -> bool:
        return bool(set(ADDRESSES) & set(self.mapping.values()))

    @property
    def several_addresses(self) -> bool:
        return sum(target in ADDRESSES for target in self.mapping.values()) > 1

    @property
    def left_out(self) -> int:
        """How many columns are not imported."""
        return sum(not self.mapping.get(name) for name in self.sheet.header)

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
    if data.get("read_as") == found.read_as:
        found = replace(found, mapping=chosen_mapping(sheet, data))
    return replace(found, findings=findings_for(draft, found) if found.has_address else None)


def mapping_of(draft: Import, sheet: Sheet) -> dict[str, str]:
    """The draft's own where the file is read as it was then, else one for the columns that it has now."""
    return draft.mapping if sheet.dialect == dialect_of(draft) else mapping_for(draft.organisation, sheet)


def as_seen(draft: Import, sheet: Sheet, mapping: dict[str, str]) -> Import:
    """The draft as it would be started; not saved."""
    seen = copy(draft)
    for name, value in {**dialect_fields(sheet), "mapping": mapping}.items():
        setattr(seen, name, value)
    return seen


def findings_for(draft: Import, found: Preview) -> Findings | None:
    """A small file is checked at once; of a large one what the last check found, if it was mapped as it is now."""
    if is_small(draft):
        return check_now(as_seen(draft, found.sheet, found.mapping))
    last = findings_of(draft.findings or {})
    return last if last.of == fingerprint(found.sheet.dialect, found.mapping) else None


def chosen_mapping(sheet: Sheet, data: Mapping[str, str]) -> dict[str, str]:
    """The form's choices, those left out that cannot be; with `rest`, the columns left are custom fields."""
    chosen: dict[str, str] = {}
    for index, name in enumerate(sheet.header):
        target = data.get(f"column-{index}") or (CUSTOM + name[:LONGEST_FIELD_NAME] if "rest" in data else "")
        try:
            chosen |= {name: target_of(name, target)} if target else {}
        except BadMapping:
            continue
    return chosen


def options() -> dict[str, object]:
    """What the selects of the page offer."""
    return {"encodings": ENCODINGS, "separators": SEPARATORS.values(), "fields": LABELS}
