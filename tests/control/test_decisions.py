"""Decision entities: their rules, what they name, what is left of archived ones, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from headwater.control import Control
from headwater.control.decisions.book import Book
from headwater.control.decisions.entities import DecisionEntities, document
from headwater.control.decisions.kinds import BY_KIND, KINDS, EntityKind
from headwater.control.decisions.models import DecisionEntity
from headwater.errors import Conflict, Forbidden, InvalidRequest, NotFound
from headwater.scope import Scope
from headwater.surfaces.decisions.entity_examples import EXAMPLES

from .founding import Founded

OFFER, CATEGORY = BY_KIND["offer"], BY_KIND["category"]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)


class World:
    """One organisation's entities, each step in its own unit of work."""

    def __init__(self, control: Control, scope: Scope) -> None:
        self.control = control
        self.scope = scope

    async def make(self, kind: str, **fields: Any) -> DecisionEntity:
        """A new entity."""
        async with self.control.unit_of_work() as uow:
            body = msgspec.convert(fields, BY_KIND[kind].body)
            return await DecisionEntities(uow.session, self.scope).create(BY_KIND[kind], body)

    async def change(self, entity: DecisionEntity, **fields: Any) -> DecisionEntity:
        """New values for some fields."""
        async with self.control.unit_of_work() as uow:
            entities = DecisionEntities(uow.session, self.scope)
            return await entities.update(BY_KIND[entity.kind], entity.public_id, fields)

    async def archive(self, entity: DecisionEntity) -> None:
        """Take it out of use."""
        async with self.control.unit_of_work() as uow:
            await DecisionEntities(uow.session, self.scope).archive(BY_KIND[entity.kind], entity.public_id)

    async def get(self, kind: EntityKind, public_id: str) -> DecisionEntity:
        """One by its id."""
        async with self.control.reading() as session:
            return await DecisionEntities(session, self.scope).get(kind, public_id)

    async def ids(self, kind: EntityKind) -> list[str]:
        """All that are listed, newest first."""
        async with self.control.reading() as session:
            page = await DecisionEntities(session, self.scope).page(kind, 200, None)
        assert page.total == len(page.rows)
        return [row.public_id for row in page.rows]

    async def book(self) -> Book:
        """What questions and decisions see."""
        return await self.control.books.get(self.scope.organisation_id)

    async def named(self) -> None:
        """What the examples name."""
        await self.make("category", id="cat_products", name="Products")
        await self.make("category", id="cat_cards", name="Cards")
        await self.make("channel", id="ch_email", name="Mail", channelType="email")
        await self.make("offer", id="off_premium_card", name="Premium")

    async def refused(self, kind: str, **fields: Any) -> tuple[Any, str]:
        """The field that a new entity is refused for, and the words."""
        with pytest.raises(InvalidRequest) as refusal:
            await self.make(kind, **fields)
        return refusal.value.details.get("field"), refusal.value.message


@pytest.fixture
def world(control: Control, nord: Founded) -> World:
    return World(control, nord.scope)


@pytest.fixture
def elsewhere(control: Control, syd: Founded) -> World:
    return World(control, syd.scope)


class TestLife:
    @every_kind
    async def test_made_read_changed_archived(self, world: World, kind: EntityKind) -> None:
        await world.named()
        made = await world.make(kind.kind, **EXAMPLES[kind.kind])
        assert made.public_id.startswith(f"{kind.prefix}_")
        before = document(await world.get(kind, made.public_id))
        field = "action" if kind.kind == "approval" else "name"
        changed = await world.change(made, **{field: "Another"})
        assert document(changed) == {**before, field: "Another"}
        await world.archive(made)
        with pytest.raises(NotFound):
            await world.get(kind, made.public_id)
        with pytest.raises(NotFound):
            await world.change(made, **{field: "Again"})
        with pytest.raises(NotFound):
            await world.archive(made)
        assert made.public_id not in await world.ids(kind)

    async def test_defaults(self, world: World) -> None:
        offer = document(await world.make("offer", name="Card"))
        assert (offer["status"], offer["priority"], offer["businessValue"]) == ("draft", 50, 0)
        assert document(await world.make("channel", name="Mail", channelType="email"))["status"] == "active"
        approval = await world.make("approval", entityType="x", entityId="y", action="z", requesterName="Ada")
        assert approval.status == "pending"

    async def test_a_null_takes_a_value_away_and_what_is_not_said_stays(self, world: World) -> None:
        await world.named()
        offer = await world.make("offer", **EXAMPLES["offer"])
        changed = document(await world.change(offer, categoryId=None, budget=None))
        assert (changed["categoryId"], changed["budget"]) == (None, None)
        assert changed["tags"] == ["cards"]

    async def test_newest_first_page_by_page(self, world: World) -> None:
        made = [(await world.make("offer", name=f"Offer {n}")).public_id for n in range(5)]
        async with world.control.reading() as session:
            entities = DecisionEntities(session, world.scope)
            seen, before = [], None
            for expected in (2, 2, 1):
                page = await entities.page(OFFER, 2, before)
                assert (len(page.rows), page.total) == (expected, 5)
                seen += [row.public_id for row in page.rows]
                before = page.before
            assert before is None
        assert seen == made[::-1]


class TestIdsAndKeys:
    async def test_an_id_is_never_given_twice(self, world: World) -> None:
        own = await world.make("offer", id="mine-1_A", name="Card")
        with pytest.raises(Conflict):
            await world.make("offer", id="mine-1_A", name="Other")
        await world.archive(own)
        with pytest.raises(Conflict) as refusal:
            await world.make("offer", id="mine-1_A", name="Other")
        assert refusal.value.details == {"field": "id"}

    async def test_an_id_is_of_one_kind_and_one_organisation(self, world: World, elsewhere: World) -> None:
        for some in (world, elsewhere):
            await some.make("offer", id="one", name="Card")
            await some.make("category", id="one", name="Cards")

    async def test_a_key_is_free_again_when_its_holder_is_archived(self, world: World) -> None:
        flow = await world.make("decision_flow", key="home", name="Home")
        with pytest.raises(Conflict):
            await world.make("decision_flow", key="home", name="Other")
        other = await world.make("decision_flow", key="other", name="Other")
        with pytest.raises(Conflict):
            await world.change(other, key="home")
        await world.archive(flow)
        await world.change(other, key="home")

    async def test_its_own_key_is_no_conflict(self, world: World) -> None:
        flow = await world.make("decision_flow", key="home", name="Home")
        assert (await world.change(flow, key="home", name="H")).key == "home"

    async def test_keys_and_ids_of_system_outcomes_are_taken(self, world: World) -> None:
        for fields in ({"key": "click"}, {"key": "x", "id": "out_click"}):
            with pytest.raises(Conflict):
                await world.make("outcome_type", name="X", classification="positive", **fields)

    async def test_system_outcomes_cannot_be_changed(self, world: World) -> None:
        async with world.control.unit_of_work() as uow:
            entities = DecisionEntities(uow.session, world.scope)
            for step in (
                entities.update(BY_KIND["outcome_type"], "out_click", {"name": "X"}),
                entities.archive(BY_KIND["outcome_type"], "out_click"),
            ):
                with pytest.raises(Forbidden):
                    await step


REFERENCES: list[tuple[str, Mapping[str, Any], str]] = [
    ("offer", {"name": "x", "categoryId": "ID"}, "categoryId"),
    ("category", {"name": "x", "parentId": "ID"}, "parentId"),
    ("creative", {"name": "x", "offerId": "ID", "channelId": "ch_email"}, "offerId"),
    ("creative", {"name": "x", "offerId": "off_premium_card", "channelId": "ID"}, "channelId"),
    ("decision_flow", {"name": "x", "key": "x", "channelId": "ID"}, "channelId"),
    (
        "contact_policy",
        {
            "name": "x",
            "ruleType": "cooldown",
            "config": {"cooldownHours": 1},
            "scope": "category",
            "scopeId": "ID",
        },
        "scopeId",
    ),
    (
        "contact_policy",
        {"name": "x", "ruleType": "mutual_exclusion", "config": {"offerIds": ["off_premium_card", "ID"]}},
        "config.offerIds",
    ),
    (
        "offer",
        {"name": "x", "eligibility": [{"ruleType": "segment_required", "config": {"requiredSegments": ["ID"]}}]},
        "eligibility[0].config.requiredSegments",
    ),
    (
        "segment",
        {"name": "x", "filters": [{"measure": "cost", "operator": "gt", "value": 1, "offerId": "ID"}]},
        "filters[0].offerId",
    ),
    (
        "segment",
        {"name": "x", "filters": [{"measure": "cost", "operator": "gt", "value": 1, "channelId": "ID"}]},
        "filters[0].channelId",
    ),
]


class TestReferences:
    @pytest.mark.parametrize(("kind", "fields", "field"), REFERENCES)
    async def test_what_is_named_must_be_there(
        self, world: World, elsewhere: World, kind: str, fields: Mapping[str, Any], field: str
    ) -> None:
        await world.named()
        for of in ("offer", "channel", "category", "segment"):
            sent = {"name": "x", "channelType": "x"} if of == "channel" else {"name": "x"}
            await elsewhere.make(of, id="ID", **sent)
            await world.archive(await world.make(of, id="gone", **sent))
        for named in ("ID", "gone"):
            sent = msgspec.json.decode(msgspec.json.encode(fields).replace(b'"ID"', f'"{named}"'.encode()))
            words = f"'{field}' names no "
            found, message = await world.refused(kind, **sent)
            assert (found, message[: len(words)]) == (field, words)
            assert message.endswith(f"that exists: '{named}'.")

    async def test_what_was_archived_since_is_no_obstacle(self, world: World) -> None:
        category = await world.make("category", name="Cards")
        offer = await world.make("offer", name="Card", categoryId=category.public_id)
        await world.archive(category)
        assert (await world.change(offer, name="Better card")).details["categoryId"] == category.public_id
        other = await world.make("offer", name="Other")
        with pytest.raises(InvalidRequest):
            await world.change(other, categoryId=category.public_id)

    async def test_categories_have_no_circles(self, world: World) -> None:
        top = await world.make("category", name="Top")
        middle = await world.make("category", name="Middle", parentId=top.public_id)
        low = await world.make("category", name="Low", parentId=middle.public_id)
        for below in (top, middle, low):
            with pytest.raises(InvalidRequest) as refusal:
                await world.change(top, parentId=below.public_id)
            assert refusal.value.details == {"field": "parentId"}
        await world.change(low, parentId=top.public_id)


TEST = {"attribute": "age", "operator": "gte", "value": 18}
CAP = {"maxContacts": 3, "windowDays": 7}


def _rule(**test: Any) -> dict[str, Any]:
    return {"eligibility": [{"ruleType": "attribute_condition", "config": {**TEST, **test}}]}


def _policy(rule_type: str, config: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {"ruleType": rule_type, "config": config, **fields}


def _scoring(**scoring: Any) -> dict[str, Any]:
    return {"key": "x", "config": {"scoring": scoring}}


WRONG: list[tuple[str, Mapping[str, Any], str, str]] = [
    ("offer", _rule(operator="gt", value=True), "eligibility[0].config.value", "a number or a text"),
    ("offer", _rule(operator="in", value=18), "eligibility[0].config.value", "a list"),
    ("offer", _rule(operator="not_in", value=[[1]]), "eligibility[0].config.value", "a list of texts"),
    ("offer", _rule(operator="eq", value=[1]), "eligibility[0].config.value", "a truth value"),
    ("offer", _rule(operator="ne", value=None), "eligibility[0].config.value", "a truth value"),
    ("offer", _rule(operator="exists"), "eligibility[0].config.value", "leave it out"),
    (
        "offer",
        {"schedule": {"startAt": "2026-01-02T00:00:00Z", "endAt": "2026-01-02T01:00:00+01:00"}},
        "schedule.endAt",
        "after",
    ),
    ("offer", {"schedule": {"startAt": "0001-01-01T00:00:00+01:00"}}, "schedule.startAt", "years"),
    ("offer", {"budget": {"allocated": 0.1234567}}, "budget.allocated", "6 decimals"),
    ("offer", {"name": " x"}, "name", "white space"),
    ("offer", {"name": "a\nb"}, "name", "control characters"),
    (
        "journey",
        {"config": {"a": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}},
        "config",
        "deeper",
    ),
    ("contact_policy", _policy("frequency_cap", {"maxContacts": 3}), "config.windowDays", "required"),
    ("contact_policy", _policy("frequency_cap", {**CAP, "maxContacts": 0}), "config.maxContacts", "1"),
    ("contact_policy", _policy("cross_channel_cap", {**CAP, "windowDays": "7"}), "config.windowDays", "a whole number"),
    ("contact_policy", _policy("frequency_cap", {**CAP, "windowDay": 7}), "config.windowDay", "'windowDays'?"),
    ("contact_policy", _policy("cooldown", {"cooldownHours": 0}), "config.cooldownHours", "0"),
    ("contact_policy", _policy("mutual_exclusion", {"offerIds": ["one"]}), "config.offerIds", "2"),
    ("contact_policy", _policy("time_window", {"days": [0]}), "config.days[0]", "1"),
    ("contact_policy", _policy("time_window", {"startHour": 9, "endHour": 9}), "config.endHour", "differ"),
    ("contact_policy", _policy("frequency_cap", CAP, scope="offer"), "scopeId", "required"),
    ("contact_policy", _policy("frequency_cap", CAP, scopeId="x"), "scopeId", "no meaning"),
    ("decision_flow", _scoring(), "config.scoring.method", "required"),
    ("decision_flow", _scoring(method="propensty"), "config.scoring.method", "'propensity'?"),
    ("decision_flow", _scoring(method="formula", weights={"impct": 1}), "config.scoring.weights.impct", "'impact'?"),
    ("decision_flow", _scoring(method="formula", weights={"impact": -1}), "config.scoring.weights.impact", "0"),
]


class TestRules:
    @pytest.mark.parametrize(("kind", "fields", "field", "words"), WRONG)
    async def test_what_is_wrong_is_named(
        self, world: World, kind: str, fields: Mapping[str, Any], field: str, words: str
    ) -> None:
        found, message = await world.refused(kind, **{"name": "x", **fields})
        assert found == field
        assert words in message

    async def test_a_change_is_held_to_the_whole(self, world: World) -> None:
        policy = await world.make("contact_policy", name="x", ruleType="frequency_cap", config=CAP)
        with pytest.raises(InvalidRequest) as refusal:
            await world.change(policy, ruleType="cooldown")
        assert refusal.value.details["field"] in ("config.maxContacts", "config.windowDays", "config.cooldownHours")
        await world.change(policy, ruleType="cooldown", config={"cooldownHours": 24})

    async def test_a_large_document_is_refused(self, world: World) -> None:
        _, message = await world.refused("experiment", name="x", config={"a": "x" * 70_000})
        assert "65,536 bytes" in message


class TestBook:
    async def test_offers_as_deciding_needs_them(self, world: World) -> None:
        await world.named()
        offer = await world.make(
            "offer",
            **{
                **EXAMPLES["offer"],
                "budget": {"allocated": 0.1},
                "schedule": {"startAt": "2026-03-01T02:00:00+02:00"},
            },
        )
        book = await world.book()
        found = book.offers[offer.id]
        assert (found.allocated, found.currency) == (Decimal("0.1"), "USD")
        assert (found.starts_at, found.ends_at) == (datetime.fromisoformat("2026-03-01T00:00:00"), None)
        assert found.category == book.find("category", "cat_cards")
        assert [(rule.rule_type, rule.config["attribute"]) for rule in found.eligibility] == [
            ("attribute_condition", "age")
        ]

    async def test_scopes_filters_and_channels_are_numbers(self, world: World) -> None:
        await world.named()
        policy = await world.make("contact_policy", **EXAMPLES["contact_policy"])
        flow = await world.make("decision_flow", **EXAMPLES["decision_flow"])
        segment = await world.make(
            "segment",
            name="x",
            filters=[{"measure": "cost", "operator": "gt", "value": 1.5, "offerId": "off_premium_card"}],
        )
        book = await world.book()
        mail = book.find("channel", "ch_email")
        assert (book.policies[policy.id].target, book.flows[flow.id].channel) == (mail, mail)
        assert book.flows[flow.id].scoring["weights"]["impact"] == 0.3
        (only,) = book.segments[segment.id].filters
        assert (only["measure"], only["value"], only["channel"]) == ("cost", 1.5, None)
        assert only["offer"] == book.find("offer", "off_premium_card")

    async def test_what_is_archived_can_still_be_named(self, world: World) -> None:
        offer = await world.make("offer", name="Card", status="active")
        await world.archive(offer)
        book = await world.book()
        assert (book.find("offer", offer.public_id), book.name_of("offer", offer.id)) == (offer.id, "Card")
        assert (book.offers[offer.id].archived, book.offers[offer.id].active) == (True, False)

    async def test_own_outcomes_stand_beside_the_system_s(self, world: World, elsewhere: World) -> None:
        own = await world.make("outcome_type", **EXAMPLES["outcome_type"])
        assert (await world.book()).outcomes.keys() - (await elsewhere.book()).outcomes.keys() == {"call_back"}
        await world.archive(own)
        assert (await world.book()).outcome("call_back") is None

    async def test_counts(self, world: World) -> None:
        for kind in ("experiment", "journey", "trigger"):
            await world.make(kind, name="a")
            await world.make(kind, name="b", status="paused")
            await world.archive(await world.make(kind, name="c"))
        fields = {"entityType": "offer", "entityId": "x", "action": "y", "requesterName": "Ada"}
        await world.make("approval", **fields)
        await world.change(await world.make("approval", **fields), status="approved")
        counts = (await world.book()).counts
        assert (counts.active_experiments, counts.journeys, counts.active_triggers) == (1, 2, 1)
        assert counts.pending_approvals == 1

    async def test_a_change_is_seen_at_once_and_a_refused_one_changes_nothing(self, world: World) -> None:
        offer = await world.make("offer", name="Card")
        assert (await world.book()).name_of("offer", offer.id) == "Card"
        await world.change(offer, name="Better card")
        book = await world.book()
        assert book.name_of("offer", offer.id) == "Better card"
        with pytest.raises(InvalidRequest):
            await world.change(offer, name="Best card", categoryId="nowhere")
        assert await world.book() is book


class TestIsolation:
    @every_kind
    async def test_another_organisation_s_are_as_unknown_as_none(
        self, world: World, elsewhere: World, kind: EntityKind
    ) -> None:
        await elsewhere.named()
        foreign = await elsewhere.make(kind.kind, **EXAMPLES[kind.kind])
        before = document(foreign)
        for step in (world.get(kind, foreign.public_id), world.change(foreign, name="x"), world.archive(foreign)):
            with pytest.raises(NotFound) as refusal:
                await step
            assert refusal.value.message == f"There is no {kind.word} '{foreign.public_id}'."
        assert await world.ids(kind) == []
        assert document(await elsewhere.get(kind, foreign.public_id)) == before
        book = await world.book()
        assert not [*book.offers, *book.categories, *book.channels, *book.segments, *book.flows, *book.policies]
