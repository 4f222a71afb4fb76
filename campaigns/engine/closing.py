"""When a campaign is over, and when it is not after all.

Each statement looks at the campaigns that run or that ended lately, one probe of an index for each, however many mails
there are and whatever the planner thinks of how many of them are planned: it has no statistics of this very minute. Hence
subqueries with a LIMIT, which it cannot turn into joins over everything.
"""

from django.db import connection

# Done: nobody waits for a next step or is paused by a person, and nothing is on its way. What is unknown waits for a
# person, not for the campaign; and who has no sender any more (it was deleted, and then came a late answer) can wait for
# nothing.
FINISH = """
WITH finished AS (
UPDATE campaigns_campaign campaign SET state = 'finished', finished_at = now()
WHERE state = 'running'
  AND (SELECT true FROM campaigns_enrollment enrollment
       WHERE enrollment.campaign_id = campaign.id AND enrollment.state = 'active' AND enrollment.due_at IS NOT NULL
         AND enrollment.sender_id IS NOT NULL LIMIT 1) IS NULL
  AND (SELECT true FROM campaigns_enrollment enrollment
       WHERE enrollment.campaign_id = campaign.id AND enrollment.state = 'paused' LIMIT 1) IS NULL
  AND (SELECT true FROM campaigns_message message
       WHERE message.campaign_id = campaign.id AND message.state IN ('planned', 'sending')
         AND message.sender_id IS NOT NULL LIMIT 1) IS NULL
RETURNING id, organisation_id)
INSERT INTO campaigns_activity (organisation_id, campaign_id, at, automatic, kind, text)
SELECT organisation_id, id, now(), true, 'finished', 'Finished: nobody waits for a mail any more.' FROM finished
"""
# Whose next step was taken away (an edit, while their last answer came in): they are through.
PAST_THE_END = """
UPDATE campaigns_enrollment SET state = 'finished', due_at = NULL WHERE id = ANY(ARRAY(
    SELECT left_over.id FROM campaigns_campaign campaign
    CROSS JOIN LATERAL (SELECT max(position) AS last FROM campaigns_step WHERE campaign_id = campaign.id) step
    CROSS JOIN LATERAL (
        SELECT id FROM campaigns_enrollment enrollment
        WHERE enrollment.campaign_id = campaign.id AND enrollment.state = 'active' AND enrollment.due_at IS NOT NULL
          AND enrollment.next_position > step.last LIMIT 1000) left_over
    WHERE campaign.state = 'running'))
"""
# A drain that held messages while their campaign was stopped gives them back as planned: they go the way of the others.
# BETWEEN, here and below, means equal, and keeps the planner from walking over all that is planned (`message_planned`)
# instead of what the campaign has of it (`message_of_campaign`).
SWEEP = """
UPDATE campaigns_message SET state = 'skipped', error = 'The campaign was stopped.'
WHERE state BETWEEN 'planned' AND 'planned' AND id = ANY(ARRAY(
    SELECT left_over.id FROM campaigns_campaign campaign
    CROSS JOIN LATERAL (
        SELECT id FROM campaigns_message message
        WHERE message.campaign_id = campaign.id AND message.state BETWEEN 'planned' AND 'planned' LIMIT 1000) left_over
    WHERE campaign.state = 'stopped' AND campaign.finished_at > now() - interval '7 days'))
"""
# An answer that came after its campaign had finished (its message was unknown meanwhile), or a person who had one sent
# again at that very moment: there is something to send after all.
REOPEN = """
UPDATE campaigns_campaign campaign SET state = 'running', finished_at = NULL
WHERE state = 'finished' AND finished_at > now() - interval '1 day'
  AND coalesce(
      (SELECT true FROM campaigns_message message
       WHERE message.campaign_id = campaign.id AND message.state BETWEEN 'planned' AND 'planned'
         AND message.sender_id IS NOT NULL LIMIT 1),
      (SELECT true FROM campaigns_enrollment enrollment
       WHERE enrollment.campaign_id = campaign.id AND enrollment.state = 'active' AND enrollment.due_at IS NOT NULL
         AND enrollment.sender_id IS NOT NULL LIMIT 1))
"""


def finish() -> int:
    """Close the running campaigns that have nothing left to send; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(SWEEP)
        cursor.execute(PAST_THE_END)
        cursor.execute(REOPEN)
        cursor.execute(FINISH)
        return int(cursor.rowcount)
