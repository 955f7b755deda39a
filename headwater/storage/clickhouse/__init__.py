"""ClickHouse's words for the compiled SQL; the tests run them on the in-process engine."""
