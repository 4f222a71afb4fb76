"""Graph's `POST /me/sendMail` with the mail as MIME (learn.microsoft.com/graph/outlook-send-mime-message)."""

import base64

from django.conf import settings

from senders.transports.base import Outcome, Outgoing, Sent
from senders.transports.oauth_connection import ApiConnection, TokenRefused
from senders.transports.outlook.replies import outcome_of, read_reply
from senders.vault import Secret


class OutlookConnection(ApiConnection):
    company = "Microsoft"

    def post(self, outgoing: Outgoing, token: Secret) -> Outcome:
        headers = {"content-type": "text/plain", "authorization": f"Bearer {token.reveal()}"}
        url = f"{settings.MICROSOFT['graph_url']}/v1.0/me/sendMail"
        response, content = self.http.request(url, "POST", base64.b64encode(outgoing.data), headers)
        if response.status == 401:
            raise TokenRefused
        if 200 <= response.status < 300:  # 202: accepted, with no id to know it by
            return Sent(detail=str(response.get("request-id", "")))
        return outcome_of(read_reply(response.status, response.get("retry-after", ""), content))
