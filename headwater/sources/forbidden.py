"""Which functions foreign SQL may not call: ways to files, networks, other SQL, settings, sleep and state.

Data, without judgement of its own; ``guard`` reads it. Of table functions those stand here that
are let through, since engines have too many that open files.
"""

from __future__ import annotations

from typing import Final

TABLE_FUNCTIONS: Final = frozenset(
    {
        *("unnest", "generate_series", "generate_subscripts", "range", "explode", "explode_outer", "posexplode"),
        *("json_each", "json_tree", "json_table", "json_to_record", "json_to_recordset", "json_object_keys"),
        *("json_array_elements", "json_array_elements_text", "json_each_text", "json_populate_recordset"),
        *("jsonb_each", "jsonb_each_text", "jsonb_object_keys", "jsonb_array_elements", "jsonb_array_elements_text"),
        *("jsonb_to_record", "jsonb_to_recordset", "jsonb_path_query", "jsonb_populate_recordset"),
        *("regexp_split_to_table", "string_to_table", "regexp_matches", "string_split", "openjson"),
        *("numbers", "zeros", "generateseries", "values", "flatten", "generate_date_array", "generate_array"),
        *("generate_timestamp_array", "exploding_generate_series", "table_from_rows"),
    }
)

FUNCTIONS: Final = frozenset(
    {
        # Files.
        *("load_file", "load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "bfilename", "file"),
        *("read_text", "read_blob", "getenv", "openrowset", "opendatasource", "openquery", "external_query"),
        *("extractvalue_from_file", "sniff_csv", "which_secret"),
        # SQL within a text.
        *("query_to_xml", "query_to_xmlschema", "query_to_xml_and_xmlschema", "cursor_to_xml", "cursor_to_xmlschema"),
        *("table_to_xml", "table_to_xmlschema", "table_to_xml_and_xmlschema", "schema_to_xml", "schema_to_xmlschema"),
        *("schema_to_xml_and_xmlschema", "database_to_xml", "database_to_xmlschema"),
        *("database_to_xml_and_xmlschema", "ts_stat", "ts_rewrite", "crosstab", "connectby", "query", "query_table"),
        *("json_execute_serialized_sql", "from_substrait", "xpath_table"),
        # Waiting and locking.
        *("sleep", "sleepeachrow", "benchmark", "get_lock", "release_lock", "release_all_locks", "is_free_lock"),
        *("master_pos_wait", "source_pos_wait", "wait_for_executed_gtid_set", "master_gtid_wait"),
        # State and settings.
        *(
            "nextval",
            "setval",
            "lastval",
            "set_config",
            "current_setting",
            "txid_current",
            "last_insert_id",
            "sys_exec",
            "sys_eval",
        ),
        *(
            "generateuuidandinsert",
            "executable",
            "catboostevaluate",
            "uuid_short",
            "write_log",
            "current_transaction_id",
        ),
        # Other servers.
        *("url", "urlcluster", "remote", "remotesecure", "cluster", "jdbc", "odbc", "mysql", "postgresql", "mongodb"),
        *("redis", "sqlite", "hdfs", "http_get", "http_post", "http", "loopback"),
    }
)

FORBIDDEN_PREFIXES: Final = (
    *("pg_read_", "pg_ls_", "pg_stat_file", "pg_file_", "pg_sleep", "pg_terminate_", "pg_cancel_", "pg_reload_"),
    *("pg_rotate_", "pg_switch_", "pg_create_", "pg_drop_", "pg_logical_", "pg_replication_", "pg_export_"),
    *("pg_notify", "pg_advisory_", "pg_try_advisory_", "pg_promote", "pg_wal_", "pg_backup_", "pg_start_"),
    *("pg_stop_", "pg_import_", "pg_log_", "pg_stat_reset", "pg_current_xact_id", "pg_execute_", "pg_reset_"),
    *("pg_clear_", "pg_restore_", "pg_copy_", "pg_sync_", "pg_nextoid", "pg_extension_config"),
    *("lo_", "lowrite", "loread", "dblink", "xp_", "sp_", "system$", "dictget"),
    *("postgres_", "mysql_", "sqlite_", "duckdb_", "iceberg_", "delta_", "s3", "gcs", "azureblob", "hive"),
    *("read_", "parquet_", "http_", "fuzz", "load_aws_", "sys_"),
)
FORBIDDEN_SUFFIXES: Final = ("_scan", "_query", "_attach", "_execute", "_read_file", "_gettable")

T_SQL_STATEMENTS: Final = frozenset(
    {
        *("DELETE", "INSERT", "UPDATE", "MERGE", "DROP", "CREATE", "ALTER", "TRUNCATE", "INTO", "EXEC", "EXECUTE"),
        *("WAITFOR", "GRANT", "REVOKE", "DENY", "SHUTDOWN", "BACKUP", "RESTORE", "DBCC", "KILL", "SET", "USE"),
        *("DECLARE", "BULK", "RECONFIGURE", "CHECKPOINT", "WRITETEXT", "UPDATETEXT", "OPEN", "FETCH", "PRINT"),
        *("RAISERROR", "THROW", "BEGIN", "COMMIT", "ROLLBACK", "SAVE", "GOTO", "WHILE", "IF", "RETURN"),
    }
)
