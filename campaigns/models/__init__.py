"""Campaigns, their steps, who is in them, and each mail they send."""

from campaigns.models.activity import Activity
from campaigns.models.campaign import AT_REST, ENDED, Campaign, CampaignDay, CampaignState, Priority
from campaigns.models.content import INLINE_TYPES, MailFile, MailTemplate, Snippet
from campaigns.models.enrollment import GOING, Enrollment, EnrollmentState
from campaigns.models.message import GONE_OUT, Message, MessageState
from campaigns.models.sequence import Condition, Step, Variant, WinnerBy

__all__ = [
    "AT_REST",
    "ENDED",
    "GOING",
    "GONE_OUT",
    "INLINE_TYPES",
    "Activity",
    "Campaign",
    "CampaignDay",
    "CampaignState",
    "Condition",
    "Enrollment",
    "EnrollmentState",
    "MailFile",
    "MailTemplate",
    "Message",
    "MessageState",
    "Priority",
    "Snippet",
    "Step",
    "Variant",
    "WinnerBy",
]
