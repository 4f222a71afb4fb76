"""`scripts/up --demo`: an organisation to look around in, and simulated recipients who keep its campaign alive.

`fill` makes it once: people (`people`), what is written to them (`content`), two weeks of history (`history`), and a campaign
that is really running. From then on `recipients` reads what the mail catcher catches and does what people do (`behaviour`),
through the same links and endpoints that real recipients use. All of it is invented, and says so on every page.
"""

SLUG = "demo-simulated"
NAME = "Demo (simulated)"
EMAIL = "demo@example.com"
SOURCE = "Invented for the demonstration"
