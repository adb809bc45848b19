"""What an asset asks of an engine outside: known by its key, else bought, kept and settled in one transaction.

Belongs here: the key of a question, deliveries as objects of the store, and passing a slot on to another engine where
one fails. Does not belong here: the calls themselves (attempts), who takes over (routing).
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from musicgen_assets.context.failures import PermanentFailure, TransientFailure
from musicgen_assets.engines.asking import TEXT_TASKS, SongRequest, TextRequest
from musicgen_assets.engines.capabilities import BUILT_IN, capabilities_of
from musicgen_assets.engines.router import Decision, Need
from musicgen_assets.graph.job import Ask, Payload, Ref
from musicgen_assets.graph.keys import SCHEME
from musicgen_assets.graph.manifest import Manifest, StoredRole
from musicgen_assets.graph.payloads import canonical_json, json_payload
from resources.attempts import Attempts
from resources.budgets import BudgetReached
from resources.hedging import Hedge, Overtaken
from resources.orders import BeingBought, Bought, Order, OutcomeUnknown, StemsDelivery
from resources.providers.protocol import ProviderFailure, SongDelivery, Sound, TextDelivery
from resources.registry import Registry, queries
from resources.registry.results import BOUGHT
from resources.store import ArtifactStore
from resources.waiting import Progress
from resources.worker import keep

_AWAITED_EVERY_S = 1.0
SEPARATION = "stem_separation"
_VOICE = "vocals"
"""The slot that needs the voice as a stem of its own."""
NEVER_PASSED_ON = ("moderated", "refused")
"""What one engine will not make is not put to another with the same words."""

_SUFFIXES = {"audio/wav": ".wav", "audio/x-wav": ".wav", "audio/mpeg": ".mp3", "audio/flac": ".flac",
             "audio/ogg": ".ogg"}  # fmt: skip


_log = logging.getLogger(__name__)


class Rerouted(TransientFailure):
    """Another engine took over; the asset is to be made again."""


@dataclass
class EngineDesk:
    """Where runners put their questions."""

    registry: Registry
    store: ArtifactStore
    attempts: Attempts

    def answer(
        self, partition: str, ask: Ask, found: Callable[[str], Manifest | None], progress: Progress
    ) -> tuple[Ref, ...]:
        """The answer's roles. ``found`` looks a result up by its key. Raises Rerouted, Failure."""
        key = self.key_of(ask)
        refs = self._known(key, found)
        if refs is None:
            refs = self._answered(partition, ask, key, found, progress)
        return (*refs, *self._stems(partition, ask, refs, found, progress))

    def _known(self, key: str, found: Callable[[str], Manifest | None]) -> tuple[Ref, ...] | None:
        """What was bought before; whatever its buyer left open is closed. None where it never was."""
        known = found(key)
        if known is None:
            return None
        self.attempts.settle_known(key)
        return tuple(role.ref() for role in known.content)

    def _bought_or_awaited(
        self, order: Order, ask: Ask, found: Callable[[str], Manifest | None], progress: Progress
    ) -> Bought | Manifest:
        """The delivery, or what another run that is buying the very same comes to. Raises as ``Attempts.song``."""
        patience_s = self.attempts.timeout_s
        while True:
            try:
                return self._bought(order, ask, found, progress)
            except BeingBought:
                if patience_s <= 0.0:
                    raise
            progress(0.5, f"another run is asking {order.engine} for the same")
            self.attempts.sleep(_AWAITED_EVERY_S)
            patience_s -= _AWAITED_EVERY_S
            if (known := found(order.key)) is not None:
                return known

    def _answered(
        self, partition: str, ask: Ask, key: str, found: Callable[[str], Manifest | None], progress: Progress
    ) -> tuple[Ref, ...]:
        need = Need.model_validate(ask.need)
        estimate = capabilities_of(ask.engine).cost_usd(need.duration_s)
        order = Order(partition, ask.request["task"], ask.engine, key, estimate, _budget(ask))
        try:
            bought = self._bought_or_awaited(order, ask, found, progress)
            if isinstance(bought, Manifest):
                return tuple(role.ref() for role in bought.content)
        except ProviderFailure as failure:
            self._passed_on(partition, ask, need, failure, failure.reason)
            if failure.is_retryable and failure.acceptance == "accepted":
                raise PermanentFailure(
                    f"{failure.message} It was accepted and may be billed, so it is not sent again by itself.",
                    way_out=f"To buy it again: musicgen retry {partition}",
                ) from failure
            raise
        except OutcomeUnknown as failure:
            if order.task in TEXT_TASKS:  # words cost cents, and the built-in engine writes them for nothing
                self._passed_on(partition, ask, need, failure, "unknown")
            raise
        return self._kept(order, bought)

    def _stems(
        self, partition: str, ask: Ask, song: Sequence[Ref], found: Callable[[str], Manifest | None], progress: Progress
    ) -> tuple[Ref, ...]:
        """The song's stems from whoever made it, where the settings ask for that, or its voice is wanted alone.

        They are paid for like a song; a failure costs nothing but them: then the song is taken apart here.
        """
        if ask.request["task"] in (*TEXT_TASKS, SEPARATION) or any(ref.role.startswith("stem/") for ref in song):
            return ()
        adapters = self.attempts.routing.adapters
        is_voice_needed = ask.slot == _VOICE
        engine = adapters.stems(ask.engine, is_voice_needed=is_voice_needed)
        if engine is None:
            return ()
        by_role = {ref.role: ref for ref in song}
        key = hashlib.sha256(canonical_json(["stems", SCHEME, ask.engine, by_role["song"].sha256])).hexdigest()
        if (known := self._known(key, found)) is not None:
            return known
        estimate = adapters.stems_usd(ask.engine, is_voice_needed=is_voice_needed)
        order = Order(partition, SEPARATION, ask.engine, key, estimate, _budget(ask))
        facts = json.loads(self.store.get(by_role["delivery"].sha256))["facts"]
        sound = Sound("song", self.store.get(by_role["song"].sha256), by_role["song"].media_type)
        try:
            return self._kept(order, self.attempts.stems(order, engine, sound, facts, progress))
        except (ProviderFailure, OutcomeUnknown, BudgetReached) as failure:
            _log.warning("stems of %s: %s", partition, failure)
            return ()

    def key_of(self, ask: Ask) -> str:
        """The result key of a question: hexadecimal sha256. Engine, model, request and the sounds' content enter."""
        model = ask.request.get("model") or self.attempts.routing.adapters.model(ask.engine, ask.request["task"])
        parts = {
            "scheme": SCHEME,
            "ask": ask.engine,
            "request": {**ask.request, "model": model},
            "sounds": {name: ref.sha256 for name, ref in sorted(ask.sounds.items())},
        }
        return hashlib.sha256(canonical_json(parts)).hexdigest()

    def _bought(
        self, order: Order, ask: Ask, found: Callable[[str], Manifest | None], progress: Progress
    ) -> Bought:  # fmt: skip
        if order.task in TEXT_TASKS:
            return self.attempts.text(order, TextRequest.model_validate(ask.request))
        sounds = {
            name: Sound(name, self.store.get(ref.sha256), ref.media_type) for name, ref in sorted(ask.sounds.items())
        }
        if order.task == SEPARATION:
            return self._taken_apart(order, sounds["song"], progress)
        hedge = self._hedge(order, ask, found)
        if hedge is None:
            return self.attempts.song(order, SongRequest.model_validate(ask.request), sounds, progress)
        second, decision = hedge

        def heard(share: float, words: str) -> None:
            progress(share, words)
            second.heard()

        try:
            return self.attempts.song(order, SongRequest.model_validate(ask.request), sounds, heard)
        except Overtaken:
            self.attempts.give_up(order, f"{decision.engine} was faster")
            why = f"it took longer than {second.after_s:.0f} s"
            self.attempts.routing.record_reroute(order.partition, ask.slot, ask.engine, why, decision)
            raise Rerouted(f"{decision.engine} was faster than {ask.engine} and takes over.") from None
        finally:
            second.end()

    def _taken_apart(self, order: Order, song: Sound, progress: Progress) -> Bought:
        """The stems of a song that whoever made it did not deliver. Raises as ``Attempts.stems``."""
        engine = self.attempts.routing.adapters.stems(order.engine)
        if engine is None:
            raise PermanentFailure(
                f"{order.engine} takes no songs apart here.", way_out="See what each engine can do: musicgen engines."
            )
        return self.attempts.stems(order, engine, song, {}, progress)

    def _hedge(self, order: Order, ask: Ask, found: Callable[[str], Manifest | None]) -> tuple[Hedge, Decision] | None:
        """The second engine, should the first take unusually long; None where that is not wished, or there is none."""
        routing = self.attempts.routing
        if not routing.settings.is_hedging or not ask.has_fallback or not routing.is_fallback_on:
            return None
        after_s = routing.slow_after_s(ask.engine)
        if after_s is None:
            return None
        try:
            need = Need.model_validate(ask.need)
            decision = routing.next_after(order.partition, ask.slot, need, ask.engine, "it takes long")
        except PermanentFailure:
            return None
        if decision.engine == BUILT_IN:
            return None

        def ask_second(sleep: Callable[[float], None]) -> None:
            settings = routing.settings.model_copy(update={"is_hedging": False})
            own = replace(self.attempts, sleep=sleep, routing=replace(routing, settings=settings))
            asked = replace(ask, engine=decision.engine, has_fallback=False)
            EngineDesk(self.registry, self.store, own).answer(order.partition, asked, found, lambda *_: None)

        return Hedge(after_s, ask_second), decision

    def _passed_on(self, partition: str, ask: Ask, need: Need, failure: Exception, reason: str) -> None:
        """Raise Rerouted where somebody else may and can take over."""
        routing = self.attempts.routing
        if reason in NEVER_PASSED_ON or not ask.has_fallback or not routing.is_fallback_on:
            return
        decision = routing.reroute(partition, ask.slot, need, ask.engine, str(failure))
        raise Rerouted(f"{ask.engine} failed ({reason}); {decision.engine} takes over: {decision.reason}.") from failure

    def _kept(self, order: Order, bought: Bought) -> tuple[Ref, ...]:
        """Objects first, then result and attempt together: after a crash either both are there or neither."""
        refs = [keep(self.store, payload) for payload in payloads_of(order.engine, bought.delivery)]
        manifest = Manifest(asset=f"{order.task}{BOUGHT}{order.engine}", content=tuple(map(StoredRole.of, refs)))
        with self.registry.session() as session:
            queries.record_result(
                session, order.key, manifest.asset, manifest, made_by=order.partition, seconds=0.0, replace=True,
                is_there=self.store.has,
            )  # fmt: skip
            self.attempts.settle(session, order, bought)
        return tuple(refs)


def _budget(ask: Ask) -> Decimal | None:
    return None if ask.budget_usd is None else Decimal(ask.budget_usd)


def payloads_of(engine: str, delivery: SongDelivery | StemsDelivery | TextDelivery) -> list[Payload]:
    """A delivery as objects, bytes as they came."""
    if isinstance(delivery, StemsDelivery):
        stems = _stem_payloads(delivery.stems)
        told = _told(engine, delivery.model, delivery.cost_usd, {})
        return [*stems, json_payload(told, "separation")] if delivery.model else stems
    if isinstance(delivery, TextDelivery):
        told = _told(engine, delivery.model, delivery.cost_usd, {
            "input_tokens": delivery.input_tokens, "output_tokens": delivery.output_tokens,
        })  # fmt: skip
        return [json_payload(delivery.answer, "answer"), json_payload(told, "delivery")]
    told = {
        **_told(engine, delivery.model, delivery.cost_usd, delivery.facts),
        "licence": delivery.licence,
        "terms_url": delivery.terms_url,
        "lyrics": delivery.lyrics,
        "words": [[word.text, round(word.start_s, 3), round(word.end_s, 3)] for word in delivery.words],
    }
    return [_sound("song", delivery.song), *_stem_payloads(delivery.stems), json_payload(told, "delivery")]


def _told(engine: str, model: str, cost_usd: Decimal | None, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "engine": engine,
        "model": model,
        "cost_usd": None if cost_usd is None else format(cost_usd, "f"),
        "facts": dict(facts),
    }


def _stem_payloads(stems: Sequence[Sound]) -> list[Payload]:
    """Stems under their names without the file's extension: what they are called says what they are."""
    return [_sound(f"stem/{PurePath(stem.name).stem}", stem) for stem in stems]


def _sound(role: str, sound: Sound) -> Payload:
    return Payload(role, sound.media_type, sound.data, _SUFFIXES.get(sound.media_type, ".bin"))
