"""What ``headwater import`` is made of: files to records, names to ids, records to batches, batches sent.

    file ─ files ─ readers ─→ records ─ columns ─→ records of the dataset ─ names ─→ with ids ─ batches ─→ target

Every batch goes through the same ingest as a request's body does: nothing here judges a value.
"""
