"""What the demonstration's campaigns say."""

from campaigns.models import Condition, WinnerBy
from campaigns.wording import StepContent, VariantContent

STYLE = "font:16px/1.6 Georgia,serif;color:#222;max-width:560px"

WEBINAR = StepContent(
    subject='{{ first_name | default: "Hello" }}, forty minutes on calmer inboxes',
    body_html=f"""<div style="{STYLE}">
<p>{{{{ first_name | default: "Good morning" }}}},</p>
<p>on Thursday we show how three teams in {{{{ Industry | default: "your industry" }}}} write to fewer people and
hear back from more of them. Forty minutes, with time for questions.</p>
<p><a href="https://webinar.example/calmer-inboxes?from=mail&amp;day=thursday">Keep a seat</a>, or look at
<a href="https://webinar.example/agenda#questions">what we will talk about</a>.</p>
<p>Dana</p>
</div>""",
)

NOTES = f"""<div style="{STYLE}">
<p>Dear {{{{ first_name | default: "visitor" }}}},</p>
<p>thank you for stopping at our stand. The comparison you asked about is <a
href="https://fair.example/comparison.pdf?v=2">here</a>, and <a href="https://fair.example/book">my calendar is open</a> next
week if a short call is easier.</p>
<p>How does {{{{ company | default: "your company" }}}} handle it today? A line is enough.</p>
<p>Best regards<br>Mara</p>
</div>"""

REMINDER = f"""<div style="{STYLE}">
<p>{{{{ first_name | default: "Hello" }}}}, did the comparison answer what {{{{ company | default: "you" }}}} asked?</p>
<p>If a call is easier: <a href="https://fair.example/book?from=reminder">two slots are free on Thursday</a>.</p>
<p>Mara</p>
</div>"""

LAST_WORD = f"""<div style="{STYLE}">
<p>Dear {{{{ first_name | default: "visitor" }}}},</p>
<p>I will not write about this again. Should it come up later, <a href="https://fair.example/comparison.pdf?v=2">the
comparison</a> stays where it is, and a line to me is enough.</p>
<p>All the best<br>Mara</p>
</div>"""

# Two subjects side by side, a reminder in the same thread, and a last mail to who looked at nothing.
TRADE_FAIR = (
    StepContent(
        variants=(
            VariantContent('The notes from our stand for {{ company | default: "you" }}', NOTES, name="A"),
            VariantContent('{{ first_name | default: "Hello" }}, what we spoke about at the fair', NOTES, name="B"),
        ),
        winner_after=80,
        winner_by=WinnerBy.CLICKED,
    ),
    StepContent(body_html=REMINDER, delay_business_days=2, same_thread=True),
    StepContent("Before I let it rest", LAST_WORD, delay_business_days=5, condition=Condition.NOT_CLICKED),
)

CASE_STUDY = StepContent(
    subject="What Meridian Instruments changed",
    body_html=f'<p style="{STYLE}">{{{{ first_name | default: "Hello" }}}}, here is the story we promised.</p>',
)
