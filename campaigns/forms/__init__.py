"""What may be typed about a campaign, a module for each page. A draft may be incomplete: what is missing is the preflight's
to say.
"""
