"""`manage.py rotate_keys`: seal every stored credential anew under the first of ECRM_ENCRYPTION_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from senders.rotation import SEALED, Report, Sealed, rotate


class Command(BaseCommand):
    help = (
        "Re-encrypt every stored credential under the first key of ECRM_ENCRYPTION_KEYS, while the system runs. May be "
        "interrupted and started again. Every process must know the new key before (docs/operate.md)."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        reports = []
        for column in SEALED:
            reports.append(self.rotate(column))
            self.stdout.write(f"{column}: {in_words(reports[-1])}")
        failures = [reason for report in reports for reason in report.failures.values()]
        for reason in failures:
            self.stderr.write(reason)
        if not all(report.complete for report in reports):
            raise CommandError("Some process still seals under an old key: give all of them the new one first.")
        if failures:
            raise CommandError(
                f"{len(failures)} could not be opened and stay as they were. Keep the old keys, or have these mailboxes "
                "connected again."
            )
        self.stdout.write("Everything is under the first key. The others may go from ECRM_ENCRYPTION_KEYS.")

    def rotate(self, column: Sealed) -> Report:
        try:
            return rotate(column, lambda report: self.stdout.write(f"{column}: {report.sealed} so far"))
        except KeyboardInterrupt as error:
            raise CommandError("Interrupted: what is done is done. Run it again to go on.", returncode=130) from error


def in_words(report: Report) -> str:
    parts = [f"{report.sealed} sealed anew", f"{len(report.failures)} failed"]
    if report.changed:
        parts.append(f"{report.changed} written meanwhile and looked at again")
    return ", ".join(parts)
