"""Outlook and Microsoft 365: Microsoft's consent for `Mail.Send`, and Microsoft Graph's `sendMail`."""
