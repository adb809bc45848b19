"""What both language models have in common: a form to fill in, read again here, with its cost.

Belongs here: from what a model said to a TextDelivery or a failure, and what their SDKs' errors mean. Does not belong
here: either's fields and words (openai, anthropic), what is asked (ideation, composition).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, SecretStr, ValidationError

from musicgen_assets.engines.answers import FORMS
from musicgen_assets.engines.asking import TextRequest
from resources.providers.adapter import Access
from resources.providers.client import CONNECT_TIMEOUT_S, Answer, Client, Vocabulary
from resources.providers.prices import token_price
from resources.providers.protocol import Acceptance, Health, ProviderFailure, Reason, TextDelivery, provider_failure


@dataclass(frozen=True)
class Said:
    """What a model answered. ``ending`` is why it is no whole answer, None where it is; ``cached`` of the input."""

    text: str
    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    ending: Reason | None = None
    told: str = ""


class TextAdapter:
    """Base of both adapters; offers resources.providers.protocol.TextEngine."""

    name: str
    vocabulary: ClassVar[Vocabulary]
    key_variable: ClassVar[str]

    def __init__(self, access: Access) -> None:
        self.access = access

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.access.base_url!r})"

    def ask(self, request: TextRequest, form: type[BaseModel]) -> Said:
        """Ask once. Raises ProviderFailure."""
        raise NotImplementedError

    def look(self) -> None:
        """A call that costs nothing. Raises ProviderFailure."""
        raise NotImplementedError

    @property
    def is_configured(self) -> bool:
        """Whether there is an address and a key."""
        return bool(self.access.base_url) and self.access.key is not None

    def fill_in(self, request: TextRequest) -> TextDelivery:
        """See TextEngine."""
        form = FORMS.get(request.form)
        if form is None:
            raise provider_failure(self.name, "bad request", f"there is no form {request.form!r}.")
        if not self.is_configured:
            raise provider_failure(self.name, "unavailable", f"{self.key_variable} is not set.")
        said = self.ask(request, form)
        cost = token_price(self.name, said.model).cost_usd(said.input_tokens, said.output_tokens, said.cached_tokens)
        if said.ending is not None:
            told = self.shown(said.told) or "no reason"
            raise provider_failure(self.name, said.ending, told, acceptance="accepted", charged_usd=cost)
        problem = ""
        try:
            answer = form.model_validate_json(said.text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            problem = f"the form is filled in wrongly: {'.'.join(map(str, first['loc'])) or 'form'}: {first['msg']}"
        if problem:
            raise provider_failure(
                self.name, "bad answer", self.shown(problem), acceptance="accepted", charged_usd=cost
            )
        return TextDelivery(answer, said.model, said.input_tokens, said.output_tokens, cost)

    def health(self) -> Health:
        """See TextEngine."""
        if not self.is_configured:
            return Health(is_configured=False, is_reachable=None, why=f"{self.key_variable} is not set")
        try:
            self.look()
        except ProviderFailure as failure:
            if failure.reason == "not found":  # it answered, and took the key: it only has no such page
                return Health(is_configured=True, is_reachable=True)
            is_reachable = failure.reason not in ("connection lost", "timed out", "not allowed", "no credit")
            return Health(is_configured=True, is_reachable=is_reachable, why=failure.message)
        return Health(is_configured=True, is_reachable=True)

    def shown(self, text: str) -> str:
        """See Client.shown."""
        return self._judge().shown(text)

    def bad_answer(self, message: str) -> ProviderFailure:
        """An answer that cannot be used. It was worked on, so it is paid for."""
        return provider_failure(self.name, "bad answer", self.shown(message), acceptance="accepted")

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderFailure:
        """What an answer outside 2xx means, by the same rules as everywhere."""
        import httpx

        return self._judge().refusal(Answer(status, httpx.Headers(dict(headers)), body), "submit")

    def lost(self, *, is_late: bool, is_sent: bool) -> ProviderFailure:
        """No whole answer came. ``is_sent``: the request may have arrived."""
        acceptance: Acceptance = "unknown" if is_sent else "not accepted"
        if is_late:
            return provider_failure(self.name, "timed out", "no answer in time", acceptance=acceptance)
        return provider_failure(self.name, "connection lost", "no whole answer came", acceptance=acceptance)

    def says(self, answer: Answer) -> tuple[str, str] | None:
        """The error in ``answer``, where it has the provider's documented shape."""
        raise NotImplementedError

    def _judge(self) -> Client:
        """Never calls anybody here: it knows the rules."""
        keys: dict[str, SecretStr | str] = {"key": self.access.key or ""}
        return Client(self.name, self.access.base_url, self.access.timeout_s, self.vocabulary, self.says, keys)


def outcome(call: Callable[[], Any], errors: Any, adapter: TextAdapter) -> ProviderFailure | None:
    """Run a call of an SDK: None if it came back, else the failure that its exception means.

    ``errors`` is the SDK's module: both name their exceptions alike. The failure is made here and raised by the caller,
    outside of any except clause, so that no exception of theirs, with its request and its key, hangs on it.
    """
    try:
        call()
    except errors.APIStatusError as error:
        return adapter.refusal(error.status_code, error.response.headers, error.response.content)
    except errors.APITimeoutError as error:
        return adapter.lost(is_late=True, is_sent=type(error.__cause__).__name__ not in _NEVER_SENT)
    except errors.APIConnectionError as error:
        return adapter.lost(is_late=False, is_sent=type(error.__cause__).__name__ not in _NEVER_SENT)
    except Exception:  # noqa: BLE001  # the SDKs read answers unchecked: one unlike the documented breaks them anywhere
        return adapter.bad_answer("the answer is not as documented")
    return None


Body = tuple[int, bytes]
"""Status and body of an answer that came whole."""


def kept_in(bodies: list[Body]) -> Callable[[Any], None]:
    """A hook for the SDKs' HTTP library that reads every answer to its end and keeps it in ``bodies``."""

    def keep(response: Any) -> None:
        bodies.append((response.status_code, response.read()))

    return keep


def client_of(sdk: Any, kind: Callable[..., Any], access: Access, bodies: list[Body]) -> Any:
    """A client of either SDK: no retries, no redirects, every answer kept in ``bodies`` as it came."""
    http = sdk.DefaultHttpxClient(follow_redirects=False, event_hooks={"response": [kept_in(bodies)]})
    timeout = sdk.Timeout(access.timeout_s, connect=min(CONNECT_TIMEOUT_S, access.timeout_s))
    return kind(
        api_key=access.clear_key, base_url=access.base_url, max_retries=0, http_client=http, timeout=timeout
    )  # fmt: skip


def look_with(sdk: Any, adapter: TextAdapter, client: Callable[[list[Body]], Any]) -> None:
    """List the models, which costs nothing. Raises ProviderFailure."""

    def call() -> None:
        with client([]) as opened:
            opened.models.list()

    failure = outcome(call, sdk, adapter)
    if failure is not None:
        raise failure


_NEVER_SENT = ("ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol")
"""Of the SDKs' own HTTP library, which names its exceptions as httpx does."""
