"""What schemathesis has to know about this API, and a check of our own. `run.py` sets the account."""

import json
import os
import re
import uuid
from urllib.request import Request, urlopen

import schemathesis

BASE, EMAIL = os.environ["VKU_FUZZ_URL"], os.environ.get("VKU_FUZZ_EMAIL")

# The account that sends the requests, and its logins. Requests must not remove them.
own = {os.environ.get("VKU_FUZZ_USER", "")}

# Why a valid request may still be refused: code, place and words of the fault, for rules that no schema of a single
# request can express.
BEYOND_SCHEMAS = [
    ("credentials", "/url: ", "a pattern tells no user from a path"),
    ("declined", "/topic: ", "what became of it, the office knows"),
    ("duplicate", ".*", "some entries are the same although they are written differently"),
    ("empty", "/(label|description)/", "what is blank in some script, a pattern does not tell"),
    ("empty", ".*: Expected a text in at least one language", "what a patch leaves of it, a patch does not tell"),
    ("empty", "q: ", "what is a letter in some script, a pattern does not tell"),
    ("end_before_start", ".*", "a rule between two members"),
    ("fixed", "/member: ", "what GET answered may be sent back, so the member stands in the schema"),
    ("fixed", "/slug: ", "what GET answered may be sent back, so the member stands in the schema"),
    ("forbidden_address", "/url: ", "to which addresses nothing is sent, no pattern says"),
    ("german_partner", ".*", "a rule between a member and what it refers to"),
    ("inconsistent", ".*", "a rule between two members"),
    ("invalid_cursor", "cursor: ", "only the server makes a cursor, and the document cannot lend one"),
    ("invalid_date", ".*", "not every month has 31 days"),
    ("invalid_format", ".*control characters", "a pattern tells line ends, but not all that is invisible"),
    ("invalid_format", ".*have at most .* decimals", "how many decimals an amount has, its currency says"),
    ("invalid_format", ".*U\\+[0-9A-F]{4}", "a pattern tells no characters that turn the text"),
    ("invalid_format", ".*form of a UUID", "a slug is never shaped like a UUID"),
    ("invalid_format", "/phone: ", "how many digits a number has, no pattern counts between its blanks"),
    ("invalid_format", "/token: ", "only the server makes the links in mails"),
    ("invalid_format", "If-Match: ", "the pattern of an optional header is not kept by the phase `coverage`"),
    ("invalid_token", "since: ", "only the server makes a token, and the document cannot lend one"),
    ("longer_than_session", ".*", "a rule between an agenda and its session"),
    ("not_https", "/url: ", "the operator may allow http"),
    ("unresolvable", "/url: ", "which names have addresses, only their servers know"),
    ("invalid_format", "/url: ", "which hosts there can be, no pattern says"),
    ("out_of_range", "/since: ", "what is still to come, only the clock knows"),
    ("required", "/since: ", "a rule between two members"),
    ("unknown_reference", "/delivery_id: ", "which deliveries there are, a schema does not know"),
    ("no_lead", ".*", "a rule between the entries of a list"),
    ("no_partner", ".*", "a rule between the entries of a list"),
    ("not_a_participant", ".*/reported_by: ", "a rule between a member and what it belongs to"),
    ("not_applicable", "(sheet|charset): ", "a rule between two parameters"),
    ("not_begun", "/starts_on: ", "what has begun, only the clock knows"),
    ("not_in_format", ".*", "a rule between two parameters"),
    ("not_mappable", "format: ", "a rule between two parameters"),
    ("not_municipal", ".*", "a rule between a member and what it refers to"),
    ("not_offered", "/attendance: ", "a rule between a registration and its session"),
    ("one_of", "/(name|email): ", "who is a contact has a name and an address already"),
    ("out_of_range", "/expires_at: ", "what is still to come, only the clock knows"),
    ("out_of_range", "/position: ", "how long an agenda is, a schema does not know"),
    ("required", ".*(if there is no `contact`|A `name` or a `party`)", "a rule between two members"),
    ("required", ".*/id: ", "of a reference that was read, all that counts may be missing"),
    ("required", "/(rules/.*|amount|volume)/(amount|currency): ", "what a patch adds has to be whole"),
    ("required", "/(population_served|employees)/value: ", "what a patch adds has to be whole"),
    ("required", "/(start_time|end_time|format): ", "a rule between a session to come and its status"),
    ("required", "/reason: ", "which transition needs one, the states say"),
    ("required", "/slug: ", "where no code can be made of a label, one is wanted"),
    ("required", ": The file is empty", "a file is any bytes, but some"),
    ("required", "member: ", "who is nobody's member has to name one"),
    ("reused", "Idempotency-Key: ", "a key belongs to the request that it was sent with first"),
    ("shorter_than_agenda", ".*", "a rule between a session and its agenda"),
    ("skipped_time", ".*", "which hours there are, the time zone says"),
    ("too_few", "/utilities: ", "a rule between two members"),
    ("too_long", ".*The name of a JSON field", "an object that is read too is left open for members to come"),
    ("two_leads", ".*", "a rule between the entries of a list"),
    ("unknown_member", ".*", "an object that is read too is left open for members to come; sent, it takes none"),
    ("unknown_reference", ".*", "what it refers to has to be there"),
    ("unknown_value", ".*(IANA|ISO|SDG|Sustainable|Köppen|target)", "the codes of others, of which there are too many to name"),
    ("unknown_value", "/(working_areas|needs|expertise|interests/working_areas)/", "which working areas there are, coordinators say"),
    ("unknown_value", "/consent/text_version: ", "which text is agreed to, its description says"),
    ("unknown_value", "/plan_token: ", "only a dry run makes a plan"),
    ("unknown_value", "charset: ", "the encodings of others, of which there are too many to name"),
    ("unknown_value", "/scopes/", "what can be read and written grows with the collections"),
    ("unknown_value", "resource: ", "what can be imported grows with the collections"),
    ("unknown_value", "sort: ", "which keys there are, the description says"),
    ("weak_password", ".*", "what everybody would try, is in no pattern"),
    ("wider_than_party", ".*", "a rule between a member and what it refers to"),
    ("wrong_length", ".*", "how long a code may be, its description says"),
    ("wrong_password", ".*", "it has to be the right one"),
    ("wrong_type", ".*Expected an integer, found a number", "to a schema 1.0 is an integer"),
]


def ask(path, body=None, token=None):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(BASE + path, data, headers)) as answer:
        return json.load(answer)


if EMAIL:

    @schemathesis.auth(refresh_interval=300)
    class SignedIn:
        """Signs in, and again before the token expires."""

        def get(self, case, context):
            body = {"email": EMAIL, "password": os.environ["VKU_FUZZ_PASSWORD"]}
            token = ask("/api/v1/auth/token", body)["access_token"]
            own.update(login["id"] for login in ask("/api/v1/me/logins", token=token)["items"])
            return token

        def set(self, case, data, context):
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.serializer(
    "application/ndjson", "application/x-ndjson", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)
def as_it_is(ctx, value):
    """Sends a file unchanged."""
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def is_meant_well(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """Protects the account and the login of the client: their ids are replaced by unknown ones."""
    if case.method.upper() != "GET" and (case.path_parameters or {}).get("id") in own:
        case.path_parameters["id"] = str(uuid.uuid4())
    # With the key of the example, all requests would count as the same one.
    if is_meant_well(case) and "Idempotency-Key" in (case.headers or {}):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())


def has_null(value):
    entries = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is None or any(has_null(entry) for entry in entries)


@schemathesis.hook
def filter_failure(ctx, failure, case, response):
    """`null` in a `POST` means that a member is absent. The document does not say it, so that clients do not rely on
    it. And any file can be read as text."""
    accepted = type(failure).__name__ == "AcceptedNegativeData"
    is_file = case.path == "/api/v1/imports" and case.media_type != "application/json"
    return not (accepted and case.method.upper() == "POST" and (is_file or has_null(case.body)))


@schemathesis.check
def refused_for_a_reason(ctx, response, case):
    """A valid request may be refused only for a reason that no schema can express. Otherwise the schema is wrong."""
    if not is_meant_well(case) or response.status_code not in (400, 422):
        return
    problem = response.json()
    for fault in problem.get("errors") or [{"code": problem["code"], "detail": problem["detail"]}]:
        place = fault.get("pointer") or fault.get("parameter") or fault.get("header") or ""
        told = f"{place}: {fault['detail']}"
        if not any(code == fault["code"] and re.match(at, told) for code, at, _ in BEYOND_SCHEMAS):
            raise AssertionError(f"{fault['code']} at {told}")
