"""`users.messages.send` through google-api-python-client (developers.google.com/workspace/gmail/api/guides/sending)."""

import base64
from dataclasses import replace
from functools import lru_cache
from typing import Any

from django.conf import settings
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from senders.transports.base import Outcome, Outgoing, Sent
from senders.transports.gmail.replies import outcome_of, read_reply
from senders.transports.oauth_connection import ApiConnection, TokenRefused
from senders.transports.oauth_http import OneTry
from senders.vault import Secret

# Between the id and the thread's id in `Sent.provider_id`; both are hexadecimal.
SEPARATOR = "/"


@lru_cache(maxsize=2)
def messages_at(url: str) -> Any:
    """The API's `users.messages`, made from the document in the package. It holds no token and no open connection."""
    options = {"api_endpoint": url}
    service = build("gmail", "v1", http=OneTry(), static_discovery=True, cache_discovery=False, client_options=options)
    return service.users().messages()


class GmailConnection(ApiConnection):
    company = "Google"

    def post(self, outgoing: Outgoing, token: Secret) -> Outcome:
        body = {"raw": base64.urlsafe_b64encode(outgoing.data).decode()}
        if outgoing.thread:
            body["threadId"] = outgoing.thread
        request = messages_at(settings.GOOGLE["api_url"]).send(userId="me", body=body)
        request.headers["authorization"] = f"Bearer {token.reveal()}"
        try:
            return sent(request.execute(http=self.http, num_retries=0))
        except HttpError as error:
            status = int(error.resp.status)
            if status == 401:
                raise TokenRefused from error
            if status == 404 and outgoing.thread:  # the mailbox's owner deleted that conversation
                return self.post(replace(outgoing, thread=""), token)
            return outcome_of(read_reply(status, error.resp.get("retry-after", ""), error.content))
        except ValueError:  # a success whose words were lost
            return Sent()


def sent(answer: Any) -> Sent:
    found = answer if isinstance(answer, dict) else {}
    return Sent(provider_id=f"{found.get('id', '')}{SEPARATOR}{found.get('threadId', '')}".strip(SEPARATOR))


def thread_of(provider_id: str) -> str:
    """The thread that a mail began or went on with, for `Outgoing.thread` of the next one to the same person."""
    return provider_id.partition(SEPARATOR)[2]
