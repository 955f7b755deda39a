"""What is measured: datasets, metrics, dimensions and rollups, as data."""
