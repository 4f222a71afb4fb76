"""Gmail: Google's consent for `gmail.send` alone, and the Gmail API's `users.messages.send`."""
