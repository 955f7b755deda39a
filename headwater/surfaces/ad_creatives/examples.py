"""Example answers of the analytics endpoints, as the contract's document shows them."""

from __future__ import annotations

BUCKETS = {
    "50717": [
        {"id": 50717, "time": "2025-04-17 00:00:00", "impressions": 123, "link_clicks": 12},
        {"id": 50717, "time": "2025-04-18 00:00:00", "impressions": 321, "link_clicks": 23},
    ]
}
COUNTS = {"386": {"impressions": 53, "started": 4, "interacted": 9}}
FLOW = {
    "50187": [
        {
            "component_type": "Statement",
            "content": "Welcome to our quiz",
            "impressions": 14,
            "continue": 13,
            "drop": 1,
            "component_id": 50190,
        }
    ]
}
DOMAINS = {
    "50217": [{"domain": "example.com", "dsp": "DV360", "impressions": 7041, "interacted": 10, "link_clicks": 0}]
}
TREE = {
    "data": [
        {
            "id": "1010",
            "name": "Winter campaign",
            "creativeGroups": [
                {"id": "2020", "name": "Video creatives", "creatives": [{"id": "3030", "name": "Feed slider"}]}
            ],
        }
    ]
}
