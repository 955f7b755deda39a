"""Buckets, counts, flow, domains: every sentence of the contract that a caller can check."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headwater.catalogue.ads import AD_EVENTS
from tests.serving import Company, Hierarchy, event

API = "/v2/aggregation-api"
BASE = AD_EVENTS.groups["base"]
WEEK = {"time_from": "2025-04-17T00:00:00.000Z", "time_to": "2025-04-24T23:59:59.000Z"}


def impressions(creative: int, count: int, ts: str, **more: object) -> list[dict[str, object]]:
    return [event(creative, "impressions", ts, session_id=f"{ts}-{n}", **more) for n in range(count)]


def clicks(creative: int, count: int, ts: str, **more: object) -> list[dict[str, object]]:
    return [event(creative, "link_clicks", ts, session_id=f"{ts}-{n}", **more) for n in range(count)]


class TestSeedExamples:
    """The seed's examples, replayed with ids that this server gave."""

    async def test_buckets(self, company: Company, hierarchy: Hierarchy) -> None:
        one, two = hierarchy.creatives
        await company.send(
            [
                *impressions(one, 123, "2025-04-17T08:00:00Z"),
                *clicks(one, 12, "2025-04-17T08:05:00Z"),
                *impressions(one, 321, "2025-04-18T22:59:59.999Z"),
                *clicks(one, 23, "2025-04-18T23:05:00Z"),
            ]
        )
        answer = await company.request(
            "GET",
            f"{API}/buckets?resource=creative&id[]={one}&id[]={two}&time_from=2025-04-17T00:00:00.000Z"
            "&time_to=2025-04-24T23:59:59.000Z&time_frame=day&metric[]=impressions&metric[]=link_clicks",
        )
        assert answer.json() == {
            str(one): [
                {"id": one, "time": "2025-04-17 00:00:00", "impressions": 123, "link_clicks": 12},
                {"id": one, "time": "2025-04-18 00:00:00", "impressions": 321, "link_clicks": 23},
            ],
            str(two): [],
        }

    async def test_counts(self, company: Company, hierarchy: Hierarchy) -> None:
        await company.send(
            [
                *impressions(hierarchy.creative, 53, "2025-04-17T08:00:00Z"),
                *(event(hierarchy.creative, "started", session_id=f"s{n}") for n in range(4)),
                *(event(hierarchy.creative, "interacted", session_id=f"s{n}") for n in range(9)),
            ]
        )
        answer = await company.request("GET", f"{API}/counts?resource=campaign&id[]={hierarchy.campaign}")
        assert answer.text == f'{{"{hierarchy.campaign}":{{"impressions":53,"started":4,"interacted":9}}}}'

    async def test_flow(self, company: Company, hierarchy: Hierarchy) -> None:
        creative = hierarchy.creative
        step = await company.make(
            f"/api/v2/creatives/{creative}/components", component_type="Statement", content="Welcome to our quiz"
        )
        seen = [event(creative, "component_impression", component_id=step, session_id=f"s{n}") for n in range(14)]
        on = [event(creative, "component_continue", component_id=step, session_id=f"s{n}") for n in range(13)]
        await company.send([*seen, *on])
        answer = await company.request("GET", f"{API}/flow?creative_id[]={creative}")
        assert answer.json() == {
            str(creative): [
                {
                    "component_type": "Statement",
                    "content": "Welcome to our quiz",
                    "impressions": 14,
                    "continue": 13,
                    "drop": 1,
                    "component_id": step,
                }
            ]
        }

    async def test_domains(self, company: Company, hierarchy: Hierarchy) -> None:
        place = {"domain": "example.com", "dsp": "DV360"}
        interacted = [
            event(hierarchy.creative, "interacted", "2025-05-01T00:00:00Z", session_id=f"i{n}", **place)
            for n in range(10)
        ]
        await company.send([*impressions(hierarchy.creative, 7041, "2025-05-02T23:59:59.5Z", **place), *interacted])
        answer = await company.request(
            "GET",
            f"{API}/domains?resource=creative_group&id[]={hierarchy.group}"
            "&time_from=2025-04-25T00:00:00.000Z&time_to=2025-05-02T23:59:59.000Z",
        )
        assert answer.json() == {
            str(hierarchy.group): [
                {"domain": "example.com", "dsp": "DV360", "impressions": 7041, "interacted": 10, "link_clicks": 0}
            ]
        }

    async def test_data_tree(self, company: Company, hierarchy: Hierarchy) -> None:
        answer = await company.request("GET", f"/api/v2/campaigns/data_tree?workspaces[]={hierarchy.workspace}")
        one, two = hierarchy.creatives
        assert answer.json() == {
            "data": [
                {
                    "id": str(hierarchy.campaign),
                    "name": "Winter campaign",
                    "creativeGroups": [
                        {
                            "id": str(hierarchy.group),
                            "name": "Video creatives",
                            "creatives": [
                                {"id": str(one), "name": "Feed slider"},
                                {"id": str(two), "name": "Story slider"},
                            ],
                        }
                    ],
                }
            ]
        }


class TestIds:
    async def test_the_three_spellings_of_a_list_mean_the_same(self, company: Company, hierarchy: Hierarchy) -> None:
        one, two = hierarchy.creatives
        await company.send(impressions(one, 3, "2025-04-17T08:00:00Z"))
        spellings = [f"id[]={one}&id[]={two}", f"id={one}&id={two}", f"id={one},{two}", f"id%5B%5D={one},{two}"]
        answers = [(await company.request("GET", f"{API}/counts?resource=creative&{ids}")).json() for ids in spellings]
        assert answers[0].keys() == {str(one), str(two)}
        assert all(answer == answers[0] for answer in answers)

    async def test_an_id_that_is_not_there_is_absent_and_one_without_events_is_empty(
        self, company: Company, hierarchy: Hierarchy
    ) -> None:
        one = hierarchy.creative
        ids = f"{one},999999"
        assert (await company.get(f"{API}/counts", resource="creative", id=ids)).json() == {
            str(one): {"impressions": 0, "started": 0, "interacted": 0}
        }
        daily = await company.get(
            f"{API}/buckets", resource="creative", id=ids, metric="base", time_frame="day", **WEEK
        )
        assert daily.json() == {str(one): []}
        assert (await company.get(f"{API}/domains", resource="creative", id=ids, **WEEK)).json() == {str(one): []}
        assert (await company.get(f"{API}/flow", creative_id=ids)).json() == {str(one): []}

    async def test_an_id_of_another_kind_is_not_there(self, company: Company, hierarchy: Hierarchy) -> None:
        assert (await company.get(f"{API}/counts", resource="campaign", id=hierarchy.creative)).json() == {}

    async def test_an_id_asked_twice_counts_once(self, company: Company, hierarchy: Hierarchy) -> None:
        one = hierarchy.creative
        await company.send(impressions(one, 2, "2025-04-17T08:00:00Z"))
        answer = await company.get(f"{API}/counts", resource="creative", id=f"{one},{one}", metric="impressions")
        assert answer.json() == {str(one): {"impressions": 2}}


class TestMetrics:
    @pytest.mark.parametrize(
        "name", [name for name in BASE if not name.startswith("seconds") and name != "creative_actions"]
    )
    async def test_fourteen_count_once_a_session(self, company: Company, hierarchy: Hierarchy, name: str) -> None:
        one = hierarchy.creative
        receipt = await company.send(
            [
                event(one, name, session_id="s1"),
                event(one, name, "2025-04-19T09:30:00Z", session_id="s1"),
                event(one, name),
                event(one, name),
                event(hierarchy.creatives[1], name, session_id="s1"),
            ]
        )
        assert (receipt["accepted"], receipt["duplicates"]) == (4, 1)
        answer = await company.get(f"{API}/counts", resource="creative", id=one, metric=name)
        assert answer.json() == {str(one): {name: 3}}

    async def test_actions_count_each(self, company: Company, hierarchy: Hierarchy) -> None:
        receipt = await company.send([event(hierarchy.creative, "creative_actions", session_id="s1")] * 3)
        assert receipt["accepted"] == 3
        answer = await company.get(
            f"{API}/counts", resource="creative", id=hierarchy.creative, metric="creative_actions"
        )
        assert answer.json() == {str(hierarchy.creative): {"creative_actions": 3}}

    @pytest.mark.parametrize("name", ["seconds_to_active", "seconds_total_active", "seconds_in_view"])
    async def test_seconds_are_summed_exactly(self, company: Company, hierarchy: Hierarchy, name: str) -> None:
        values = [0.1] * 10 + [2, 1.5]
        await company.send([event(hierarchy.creative, name, session_id="s1", value=value) for value in values])
        answer = await company.get(f"{API}/counts", resource="creative", id=hierarchy.creative, metric=name)
        assert answer.text == f'{{"{hierarchy.creative}":{{"{name}":4.5}}}}'

    async def test_base_is_all_eighteen(self, company: Company, hierarchy: Hierarchy) -> None:
        answer = await company.get(f"{API}/counts", resource="creative", id=hierarchy.creative, metric="base")
        assert tuple(answer.json()[str(hierarchy.creative)]) == BASE
        assert len(BASE) == 18

    async def test_the_first_to_arrive_counts(self, company: Company, hierarchy: Hierarchy) -> None:
        one = hierarchy.creative
        await company.send([event(one, "impressions", "2025-04-18T00:00:00Z", session_id="s")])
        await company.send([event(one, "impressions", "2025-04-17T00:00:00Z", session_id="s")])
        answer = await company.get(
            f"{API}/buckets", resource="creative", id=one, metric="impressions", time_frame="day", **WEEK
        )
        assert [row["time"] for row in answer.json()[str(one)]] == ["2025-04-18 00:00:00"]

    async def test_an_unknown_metric_is_refused_with_the_nearest(self, company: Company, hierarchy: Hierarchy) -> None:
        answer = await company.get(f"{API}/counts", resource="creative", id=hierarchy.creative, metric="impresions")
        body = answer.json()
        assert answer.status_code == 400
        assert body["code"] == "INVALID_REQUEST"
        assert "Did you mean 'impressions'?" in body["message"]
        assert set(BASE) <= set(body["details"]["allowed"])

    async def test_flow_metrics_are_not_metrics_of_the_endpoints(self, company: Company, hierarchy: Hierarchy) -> None:
        answer = await company.get(
            f"{API}/counts", resource="creative", id=hierarchy.creative, metric="component_impressions"
        )
        assert answer.status_code == 400


class TestBuckets:
    @pytest.mark.parametrize(
        ("frame", "times"),
        [
            ("hour", ["2024-02-29 23:00:00", "2024-03-01 00:00:00", "2024-03-03 23:00:00", "2024-03-04 00:00:00"]),
            ("day", ["2024-02-29 00:00:00", "2024-03-01 00:00:00", "2024-03-03 00:00:00", "2024-03-04 00:00:00"]),
            ("week", ["2024-02-26 00:00:00", "2024-03-04 00:00:00"]),
            ("month", ["2024-02-01 00:00:00", "2024-03-01 00:00:00"]),
        ],
    )
    async def test_starts_are_utc_and_weeks_start_on_monday(
        self, company: Company, hierarchy: Hierarchy, frame: str, times: list[str]
    ) -> None:
        one = hierarchy.creative
        moments = [
            "2024-02-29T23:59:59.999999Z",
            "2024-03-01T00:00:00Z",
            "2024-03-03T23:30:00Z",
            "2024-03-04T01:00:00+01:00",
        ]
        await company.send([event(one, "impressions", ts) for ts in moments])
        answer = await company.get(
            f"{API}/buckets",
            resource="creative",
            id=one,
            metric="impressions",
            time_frame=frame,
            time_from="2024-02-01",
            time_to="2024-03-31",
        )
        assert [row["time"] for row in answer.json()[str(one)]] == times

    async def test_zero_buckets_only_on_request(self, company: Company, hierarchy: Hierarchy) -> None:
        one, two = hierarchy.creatives
        await company.send([event(one, "interacted", "2025-04-18T10:00:00Z")])
        asked = {"resource": "creative", "id": f"{one},{two}", "time_frame": "day", **WEEK}
        without = await company.get(f"{API}/buckets", metric="impressions", **asked)
        assert without.json() == {str(one): [], str(two): []}
        filled = (await company.get(f"{API}/buckets", metric="impressions", fill="zero", **asked)).json()
        assert [row["impressions"] for row in filled[str(two)]] == [0] * 8
        assert filled[str(one)][0] == {"id": one, "time": "2025-04-17 00:00:00", "impressions": 0}

    async def test_an_end_is_inclusive_of_its_unit(self, company: Company, hierarchy: Hierarchy) -> None:
        one = hierarchy.creative
        await company.send([event(one, "impressions", f"2025-04-17T10:00:0{n}.500Z") for n in range(3)])
        seen = {}
        for end in ("2025-04-17T10:00:01Z", "2025-04-17T10:00:01.400Z", "2025-04-17T10:00:01.500Z", "2025-04-17"):
            answer = await company.get(
                f"{API}/buckets",
                resource="creative",
                id=one,
                metric="impressions",
                time_frame="hour",
                time_from="2025-04-17T10:00:00Z",
                time_to=end,
            )
            seen[end] = answer.json()[str(one)][0]["impressions"]
        assert list(seen.values()) == [2, 1, 2, 3]

    async def test_too_many_buckets_say_how_to_narrow(self, company: Company, hierarchy: Hierarchy) -> None:
        one, two = hierarchy.creatives
        asked = {"resource": "creative", "metric": "impressions", "time_frame": "hour", "time_from": "2024-01-01"}
        days = 20_000 // 24
        assert days == 833
        narrow = await company.get(f"{API}/buckets", id=one, time_to="2026-04-12", **asked)
        assert narrow.status_code == 200
        wide = await company.get(f"{API}/buckets", id=f"{one},{two}", time_to="2026-04-12", **asked)
        assert wide.status_code == 400
        assert "shorter window" in wide.json()["message"]
        assert wide.json()["details"]["field"] == "time_frame"

    async def test_a_window_that_ends_before_it_begins_is_refused(self, company: Company, hierarchy: Hierarchy) -> None:
        answer = await company.get(
            f"{API}/buckets",
            resource="creative",
            id=hierarchy.creative,
            metric="impressions",
            time_frame="day",
            time_from="2025-04-18",
            time_to="2025-04-17",
        )
        assert answer.status_code == 400
        assert answer.json()["details"]["field"] == "time_to"

    async def test_groups_and_campaigns_add_up_their_creatives(self, company: Company, hierarchy: Hierarchy) -> None:
        await company.send([event(creative) for creative in hierarchy.creatives for _ in range(3)])
        for resource, entity in (("creative_group", hierarchy.group), ("campaign", hierarchy.campaign)):
            answer = await company.get(
                f"{API}/buckets", resource=resource, id=entity, metric="impressions", time_frame="month", **WEEK
            )
            assert answer.json() == {str(entity): [{"id": entity, "time": "2025-04-01 00:00:00", "impressions": 6}]}


class TestFlow:
    async def test_order_zeros_drop_and_windows(self, company: Company, hierarchy: Hierarchy) -> None:
        creative = hierarchy.creative
        path = f"/api/v2/creatives/{creative}/components"
        last = await company.make(path, component_type="Goal", content="Done", position=5)
        first = await company.make(path, component_type="Choice", content="Which?", position=1)
        await company.send(
            [
                event(creative, "component_impression", "2025-04-17T01:00:00Z", component_id=first, session_id="a"),
                event(creative, "component_continue", "2025-04-17T01:00:01Z", component_id=first, session_id="a"),
                event(creative, "component_continue", "2025-04-19T12:00:01Z", component_id=first, session_id="b"),
                event(creative, "component_impression", "2025-04-19T12:00:00Z", component_id=last, session_id="a"),
            ]
        )

        async def rows(**window: str) -> list[tuple[str, int, int, int]]:
            answer = await company.get(f"{API}/flow", creative_id=creative, **window)
            return [
                (row["component_type"], row["impressions"], row["continue"], row["drop"])
                for row in answer.json()[str(creative)]
            ]

        assert await rows() == [("Choice", 1, 2, 0), ("Goal", 1, 0, 1)]
        assert await rows(time_to="2025-04-18") == [("Choice", 1, 1, 0), ("Goal", 0, 0, 0)]
        assert await rows(time_from="2025-04-18") == [("Choice", 0, 1, 0), ("Goal", 1, 0, 1)]
        assert await rows(time_from="2025-04-19T12:00:01Z", time_to="2025-04-20") == [
            ("Choice", 0, 1, 0),
            ("Goal", 0, 0, 0),
        ]

    async def test_an_archived_component_shows_while_it_has_events(
        self, company: Company, hierarchy: Hierarchy
    ) -> None:
        creative = hierarchy.creative
        path = f"/api/v2/creatives/{creative}/components"
        used = await company.make(path, component_type="Statement", content="Old")
        unused = await company.make(path, component_type="Statement", content="Never seen")
        await company.send([event(creative, "component_impression", component_id=used)])
        for component in (used, unused):
            assert (await company.request("DELETE", f"{path}/{component}")).status_code == 204
        answer = await company.get(f"{API}/flow", creative_id=creative)
        assert [row["content"] for row in answer.json()[str(creative)]] == ["Old"]

    async def test_component_events_count_once_per_component_and_session(
        self, company: Company, hierarchy: Hierarchy
    ) -> None:
        creative = hierarchy.creative
        path = f"/api/v2/creatives/{creative}/components"
        steps = [await company.make(path, component_type="Statement", content=name) for name in ("A", "B")]
        receipt = await company.send(
            [
                event(creative, "component_impression", component_id=step, session_id="s")
                for step in (steps[0], steps[1], steps[0])
            ]
        )
        assert (receipt["accepted"], receipt["duplicates"]) == (2, 1)


class TestDomains:
    async def test_order_empty_names_and_zero_rows(self, company: Company, hierarchy: Hierarchy) -> None:
        one = hierarchy.creative
        await company.send(
            [
                event(one, "impressions", domain="b.example", dsp="Z"),
                event(one, "impressions", domain="b.example", dsp="A"),
                event(one, "impressions", domain="a.example"),
                event(one, "impressions"),
                event(one, "impressions"),
                event(one, "plays", domain="only-plays.example"),
            ]
        )
        answer = await company.get(f"{API}/domains", resource="creative", id=one, **WEEK)
        assert [(row["domain"], row["dsp"], row["impressions"]) for row in answer.json()[str(one)]] == [
            ("", "", 2),
            ("a.example", "", 1),
            ("b.example", "A", 1),
            ("b.example", "Z", 1),
        ]

    async def test_csv(self, company: Company, hierarchy: Hierarchy) -> None:
        one = hierarchy.creative
        hostile = ["=1+1", "+1", "-1", "@x", 'a,"b"', "ü.example"]
        await company.send([event(one, "impressions", domain=domain) for domain in hostile])
        answer = await company.get(f"{API}/domains/csv", resource="creative", id=one, **WEEK)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"] == (
            'attachment; filename="domains_creative_2025-04-17_2025-04-24.csv"'
        )
        header, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8"), newline=""))
        assert header == ["id", "domain", "dsp", "impressions", "interacted", "link_clicks"]
        assert {row[1] for row in rows} == {"'=1+1", "'+1", "'-1", "'@x", 'a,"b"', "ü.example"}
        assert {row[0] for row in rows} == {str(one)}
        assert answer.content.count(b"\r\n") == len(rows) + 1


class TestForms:
    """Every analytics endpoint answers as a table too."""

    @pytest.fixture
    async def asked(self, company: Company, hierarchy: Hierarchy) -> dict[str, dict[str, object]]:
        creative = hierarchy.creative
        step = await company.make(
            f"/api/v2/creatives/{creative}/components", component_type="Statement", content="Hello"
        )
        await company.send(
            [
                event(creative, "impressions", domain="example.com"),
                event(creative, "seconds_in_view", value=2.5),
                event(creative, "component_impression", component_id=step),
            ]
        )
        resource: dict[str, object] = {"resource": "creative", "id": creative}
        return {
            "buckets": {**resource, "metric": "base", "time_frame": "day", **WEEK},
            "counts": {**resource, "metric": "base"},
            "flow": {"creative_id": creative},
            "domains": {**resource, **WEEK},
        }

    @pytest.mark.parametrize("endpoint", ["buckets", "counts", "flow", "domains"])
    async def test_tables_hold_what_json_holds(
        self, company: Company, asked: dict[str, dict[str, object]], endpoint: str
    ) -> None:
        path, params = f"{API}/{endpoint}", asked[endpoint]
        found = (await company.get(path, **params)).json()
        expected = []
        for entity, rows in found.items():
            for row in rows if isinstance(rows, list) else [rows]:
                expected.append({"id": int(entity), **row})
        assert expected
        parquet = await company.get(path, format="parquet", **params)
        assert pq.read_table(io.BytesIO(parquet.content)).to_pylist() == expected
        arrow = await company.get(path, format="arrow", **params)
        assert arrow.headers["content-type"] == "application/vnd.apache.arrow.stream"
        assert pa.ipc.open_stream(arrow.content).read_all().to_pylist() == expected
        text = (await company.get(path, format="csv", **params)).text
        assert list(csv.DictReader(io.StringIO(text, newline=""))) == [
            {key: str(value) for key, value in row.items()} for row in expected
        ]


class TestArchived:
    async def test_analytics_and_late_events_go_on(self, company: Company, hierarchy: Hierarchy) -> None:
        one = hierarchy.creative
        await company.send([event(one)])
        assert (await company.request("DELETE", f"/api/v2/creatives/{one}")).status_code == 204
        assert (await company.send([event(one, ts="2025-04-16T00:00:00Z")]))["accepted"] == 1
        counts = await company.get(f"{API}/counts", resource="creative", id=one, metric="impressions")
        assert counts.json() == {str(one): {"impressions": 2}}
        group = await company.get(f"{API}/counts", resource="creative_group", id=hierarchy.group, metric="impressions")
        assert group.json() == {str(hierarchy.group): {"impressions": 2}}


class TestUnknownParameters:
    @pytest.mark.parametrize("endpoint", ["buckets", "counts", "flow", "domains", "domains/csv"])
    async def test_are_refused_naming_the_nearest(self, company: Company, endpoint: str) -> None:
        answer = await company.get(f"{API}/{endpoint}", time_form="2025-01-01", resource="creative", id=1)
        body = answer.json()
        assert answer.status_code == 400
        assert body["details"]["field"] == "time_form"
