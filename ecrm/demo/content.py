"""What the demonstration's campaigns say."""

from campaigns.wording import StepContent

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

TRADE_FAIR = StepContent(
    subject='The notes from our stand for {{ company | default: "you" }}',
    body_html=f"""<div style="{STYLE}">
<p>Dear {{{{ first_name | default: "visitor" }}}},</p>
<p>thank you for stopping at our stand. The comparison you asked about is <a
href="https://fair.example/comparison.pdf?v=2">here</a>, and <a href="https://fair.example/book">my calendar is open</a> next
week if a short call is easier.</p>
<p>How does {{{{ company | default: "your company" }}}} handle it today? A line is enough.</p>
<p>Best regards<br>Mara</p>
</div>""",
)

CASE_STUDY = StepContent(
    subject="What Meridian Instruments changed",
    body_html=f'<p style="{STYLE}">{{{{ first_name | default: "Hello" }}}}, here is the story we promised.</p>',
)
