"""Make the demonstration organisation, once; a later start finds it as the person left it."""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import Membership, Organisation, Role, User
from accounts.services import create_account, found_organisation
from campaigns.editing import create_campaign
from campaigns.models import Campaign
from campaigns.services import start_campaign
from campaigns.wording import StepContent
from ecrm.demo import EMAIL, NAME, SLUG, SOURCE
from ecrm.demo.content import CASE_STUDY, TRADE_FAIR, WEBINAR
from ecrm.demo.history import tell
from ecrm.demo.people import Person, people
from leads.importing.clean import Refusal, clean
from leads.importing.map import Columns
from leads.importing.read import Row
from leads.models import Import, ImportState, Lead, LeadList, RejectedRow
from leads.services import add_to_list, named_list, save_lead
from senders.models import Sender
from senders.services import create_sender, update_sender

HOST = "127.0.0.1"  # where the mail catcher listens
LEADS = 330
WEBINAR_GUESTS = slice(0, 140)
FAIR_VISITORS = slice(100, 330)
# Two senders, some 220 first mails: the running campaign is busy for more than half an hour; its follow-ups come days later.
GAP_SECONDS = 18.0
# Percent. Some of these addresses are refused, and some mails bounce later, so that every page has something to show; a real
# mailbox would be paused for that, and the demonstration would stand still (senders.health).
BOUNCE_LIMIT = 20.0
GUESTS_CAME = timedelta(days=30)
VISITORS_CAME = timedelta(days=14)

# What the visitors' file looked like, and its rows that became no leads.
MAPPING = {"First name": "first_name", "Last name": "last_name", "E-mail": "email", "Company": "company"}
COLUMNS = Columns(len(MAPPING), fields={field: [index] for index, field in enumerate(MAPPING.values())})
REFUSED = (
    Row(57, ["Erika", "Mustermann", "erika.mustermann@", "Muster GmbH"]),
    Row(58, ["Otto", "Ohne", "", "Ohne & Co."]),
    Row(204, ["Anna", "Komma", "anna@komma.example", "Komma", " Strich & Partner"]),
)


def fill(password: str) -> bool:
    """Make the organisation with its account; where it is there already, only tell its senders where the catcher is now.

    Returns whether the account's password is `password`.
    """
    with transaction.atomic():
        organisation = Organisation.objects.filter(slug=SLUG).first()
        if organisation is None:
            organisation = make(password)
        for sender in organisation.senders.filter(host=HOST).exclude(port=settings.MAIL_CATCHER_PORT):
            update_sender(sender, {"port": settings.MAIL_CATCHER_PORT})
    user = User.objects.filter(email=EMAIL).first()
    return user is not None and user.check_password(password)


def new_password() -> str:
    """Easy to copy by hand, hard to guess."""
    return "-".join(secrets.token_hex(2) for _ in range(3))


def make(password: str) -> Organisation:
    """The whole organisation: people, senders, lists, an import, and a campaign in each of three states."""
    user, organisation = owner(password)
    senders = [make_sender(organisation, user, name) for name in ("Dana Demo", "Mara Lindqvist")]
    leads = [make_lead(organisation, number, person) for number, person in enumerate(people(LEADS))]
    guests = make_list(organisation, "Webinar guests", leads[WEBINAR_GUESTS], GUESTS_CAME)
    visitors = make_list(organisation, "Trade fair visitors", leads[FAIR_VISITORS], VISITORS_CAME)
    customers = [lead for lead in leads if "customer" in lead.tags]
    make_list(organisation, "Customers", customers, VISITORS_CAME - timedelta(days=1))
    make_import(organisation, user, visitors)
    webinar = make_campaign(user, organisation, "Webinar: calmer inboxes", [WEBINAR], senders, guests)
    tell(webinar, leads[WEBINAR_GUESTS])
    make_campaign(user, organisation, "Case study (draft)", [CASE_STUDY], senders[:1], guests)
    fair = make_campaign(user, organisation, "After the trade fair", TRADE_FAIR, senders, visitors)
    start_campaign(fair, user)
    return organisation


def owner(password: str) -> tuple[User, Organisation]:
    user = User.objects.filter(email=EMAIL).first()
    if user is None:
        user, organisation = create_account(EMAIL, password, "Dana Demo", NAME)
    else:  # the organisation was closed, the account stayed
        organisation = found_organisation(NAME, user)
    organisation.slug = SLUG
    organisation.postal_address = "1 Example Street\n00000 Nowhere"
    organisation.created_at = timezone.now() - timedelta(days=40)
    organisation.save()
    for name, role in (("Mara Lindqvist", Role.MANAGER), ("Tomáš Urban", Role.VIEWER)):
        address = f"{name.split()[0].lower().replace('š', 's').replace('á', 'a')}@demo.example"
        colleague, _ = User.objects.get_or_create(email=address, defaults={"name": name})
        Membership.objects.create(user=colleague, organisation=organisation, role=role)
    return user, organisation


def make_sender(organisation: Organisation, user: User, name: str) -> Sender:
    values = {
        "name": name,
        "address": f"{name.split()[0].lower()}@demo.example",
        "host": HOST,
        "port": settings.MAIL_CATCHER_PORT,
        "security": "none",
        "daily_limit": 400,
        "gap_seconds": GAP_SECONDS,
        "bounce_limit": BOUNCE_LIMIT,
    }
    sender = create_sender(organisation, user, values)
    # As the history goes, they were checked before the first campaign.
    Sender.objects.filter(pk=sender.pk).update(checked_at=timezone.now() - GUESTS_CAME, check_ok=True)
    return sender


def make_lead(organisation: Organisation, number: int, person: Person) -> Lead:
    """The guests came one by one, the visitors by the import that brought them."""
    came = GUESTS_CAME - timedelta(hours=number, minutes=number * 7 % 60)
    at = timezone.now() - (came if number < WEBINAR_GUESTS.stop else VISITORS_CAME)
    return save_lead(Lead(organisation=organisation, source=SOURCE, created_at=at), vars(person))


def make_list(organisation: Organisation, name: str, leads: Sequence[Lead], age: timedelta) -> LeadList:
    chosen = named_list(organisation, name)
    chosen.created_at = timezone.now() - age
    chosen.save(update_fields=["created_at"])
    add_to_list(chosen, leads)
    return chosen


def make_campaign(
    user: User,
    organisation: Organisation,
    name: str,
    steps: Sequence[StepContent],
    senders: list[Sender],
    chosen: LeadList,
) -> Campaign:
    values = {"name": name, "senders": senders, "lists": [chosen], "steps": steps}
    return create_campaign(organisation, user, values)


def make_import(organisation: Organisation, user: User, chosen: LeadList) -> Import:
    """The import that the trade fair's visitors seem to have come by, with the rows that it refused."""
    at = timezone.now() - VISITORS_CAME
    refused = [refusal for row in REFUSED if isinstance(refusal := clean(row, COLUMNS), Refusal)]
    done = Import.objects.create(
        organisation=organisation,
        created_by=user,
        target_list=chosen,
        file_name="trade-fair-visitors.csv",
        size=48_213,
        position=48_213,
        header=list(MAPPING),
        mapping=MAPPING,
        state=ImportState.DONE,
        rows=FAIR_VISITORS.stop - FAIR_VISITORS.start + len(refused),
        created=FAIR_VISITORS.stop - WEBINAR_GUESTS.stop,
        updated=WEBINAR_GUESTS.stop - FAIR_VISITORS.start,
        rejected=len(refused),
        created_at=at,
        finished_at=at + timedelta(seconds=2),
    )
    RejectedRow.objects.bulk_create(
        RejectedRow(source=done, organisation=organisation, line=row.line, reason=row.reason, cells=row.cells)
        for row in refused
    )
    return done
