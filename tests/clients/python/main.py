"""Uses the API with a client that openapi-python-client generates from the document: signs in, lists, reads, changes,
and reads a problem. Takes the URL of a server with demo data.
"""

import sys
from http import HTTPStatus

from vku_client import AuthenticatedClient, Client
from vku_client.api.auth import create_access_token
from vku_client.api.partnerships import get_partnership, list_partnerships, update_partnership
from vku_client.models import (
    Credentials,
    Partnership,
    PartnershipPage,
    PartnershipPatch,
    PartnershipStatusOrUnknown,
    Problem,
    Tokens,
)

LUKANGA = "gelsenwasser-lukanga"


def signed_in(base: str) -> AuthenticatedClient:
    credentials = Credentials(email="coordinator@demo.example", password="demo-partnerships")
    tokens = create_access_token.sync(client=Client(base_url=base), body=credentials)
    assert isinstance(tokens, Tokens), tokens
    return AuthenticatedClient(base_url=base, token=tokens.access_token)


def main(base: str) -> None:
    client = signed_in(base)
    status = [PartnershipStatusOrUnknown.ACTIVE, PartnershipStatusOrUnknown.UNKNOWN]
    page = list_partnerships.sync(client=client, country=["ZM"], status=status, count=True)
    assert isinstance(page, PartnershipPage), page
    print(f"partnerships with Zambia: {page.total}")
    for partnership in page.items:
        print(f"  {partnership.slug}: {partnership.title}")
    assert page.items and all("ZM" in it.countries for it in page.items)

    answer = get_partnership.sync_detailed(LUKANGA, client=client)
    one, tag = answer.parsed, answer.headers["ETag"]
    assert isinstance(one, Partnership), one
    print(f"{one.title} since {one.start}, version {one.version}")

    changed = update_partnership.sync(LUKANGA, client=client, if_match=tag, body=PartnershipPatch(end="2032"))
    assert isinstance(changed, Partnership), changed
    print(f"ends {changed.end}, version {changed.version}")
    assert (changed.end, changed.version) == ("2032", one.version + 1)

    stale = update_partnership.sync_detailed(LUKANGA, client=client, if_match=tag, body=PartnershipPatch(end=None))
    problem = stale.parsed
    assert isinstance(problem, Problem), problem
    print(f"{problem.status} {problem.code}: {problem.detail}")
    assert (stale.status_code, problem.code) == (HTTPStatus.PRECONDITION_FAILED, "precondition_failed")


if __name__ == "__main__":
    main(sys.argv[1])
