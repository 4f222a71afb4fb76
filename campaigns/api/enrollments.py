"""Who is in a campaign, and what is done with one of them."""

from django.db.models import Q
from ninja import Router

from accounts.access import OrgRequest
from campaigns.api.campaigns import find
from campaigns.api.shown import Json
from campaigns.enrolling import ACTIONS, act, possible
from campaigns.models import Campaign, Enrollment, EnrollmentState
from ecrm.problems import Problem
from ecrm.rest import Slug, iso, page, row_id

router = Router(tags=["Campaigns"])


def show(enrollment: Enrollment) -> Json:
    return {
        "id": str(enrollment.pk),
        "lead": str(enrollment.lead_id),
        "email": enrollment.lead.email,
        "sender": str(enrollment.sender_id) if enrollment.sender_id else None,
        "state": enrollment.state,
        "reason": enrollment.reason,
        "next_step": enrollment.next_position,
        "due_at": iso(enrollment.due_at),
        "actions": possible(enrollment),
    }


@router.get("/campaigns/{campaign_id}/enrollments", summary="Who is in it, newest first")
def index(
    request: OrgRequest,
    org: Slug,
    campaign_id: str,
    limit: int = 100,
    cursor: str = "",
    state: EnrollmentState | None = None,
    lead: str = "",
) -> Json:
    found = Enrollment.objects.filter(campaign=find(request, campaign_id)).select_related("lead")
    narrowed = (Q(state=state) if state else Q()) & (Q(lead=row_id(lead)) if lead else Q())
    return page(found.filter(narrowed), show, limit, cursor)


def one(campaign: Campaign, enrollment_id: str) -> Enrollment:
    found = Enrollment.objects.select_related("lead").filter(campaign=campaign, pk=row_id(enrollment_id)).first()
    if found is None:
        raise Problem(404, "There is no such lead in this campaign.")
    return found


@router.post("/campaigns/{campaign_id}/enrollments/{enrollment_id}/{action}", summary="Pause, resume, skip…")
def do(request: OrgRequest, org: Slug, campaign_id: str, enrollment_id: str, action: str) -> Json:
    """`action`: pause, resume, skip (the next step), send_now, remove, replied."""
    campaign = find(request, campaign_id)
    enrollment = one(campaign, enrollment_id)
    if action not in ACTIONS:
        raise Problem(404, f"There is no action {action[:20]}. Known are {', '.join(ACTIONS)}.")
    if not act(campaign, action, [enrollment.pk], request.user):
        raise Problem(409, f"This lead is {enrollment.state}: {action} is not possible now.")
    return show(one(campaign, enrollment_id))
